// Roles in words.
import type { Schemas } from "../api";

/** Return a role as people say it, with its campaign where it has one. */
export function describeRole(role: Schemas["UserRole"]): string {
  return role.campaign ? `${role.role} of ${role.campaign.title}` : role.role;
}
