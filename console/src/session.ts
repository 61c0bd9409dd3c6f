// Who is signed in. Both parts of a key are exchanged for a session key, which works for some hours and ends at sign out.
import { computed, signal } from "@preact/signals";
import { rootPath } from "./address";
import { Problem } from "./problem";
import { type KeyPair, requestJson } from "./request";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Role = Schemas["Whoami"]["roles"][number];
export type RoleName = Role["role"];

/** A session key and whose it is. */
export interface Session extends KeyPair {
  userId: number;
  email: string;
  roles: Role[];
}

const STORED = "labelapi.session";
const HOURS = 12;
const ANSWER_OF_OTHER_TABS_MS = 150;
// Below another prefix of the same origin may be another installation, which knows nothing of these keys.
const channel = new BroadcastChannel(`labelapi.session ${rootPath}`);

/** The present session; null before sign in, after sign out, and once the service has refused its key. */
export const session = signal<Session | null>(null);

/** Whose session has ended in the middle of work; the page stays as it is until this user signs in again. */
export const interrupted = signal<Session | null>(null);

/** True for an image-admin, who may do everything. */
export const isAdmin = computed(() => hasRole("image-admin"));

/** True for an image-admin and a reader, who see everything. */
export const readsAll = computed(() => isAdmin.value || hasRole("reader"));

/** Return whether the caller has this role anywhere. */
export function hasRole(name: RoleName): boolean {
  return (session.value ?? interrupted.value)?.roles.some((role) => role.role === name) ?? false;
}

/** Return whether the caller has this role in a campaign. */
export function hasRoleIn(campaignId: number, name: "labeler" | "reviewer"): boolean {
  const roles = (session.value ?? interrupted.value)?.roles ?? [];
  return roles.some((role) => role.role === name && role.campaign?.campaign_id === campaignId);
}

/** Exchange a key for a session. Another user's interrupted page is thrown away. Throws Problem, Unreachable. */
export async function signIn(pair: KeyPair): Promise<void> {
  const made = await requestJson<Schemas["CreatedSessionKey"]>("POST", "/session_keys", pair, { hours: HOURS });
  const own = { key: made.apikey, secret: made.apisecret };
  const found = await describe(own);
  adopt(found);
  channel.postMessage({ have: found });
}

/** End the session here, in the other tabs, and at the service. */
export function signOut(): void {
  const ended = session.value ?? interrupted.value;
  if (!ended) return;
  channel.postMessage({ ended: ended.key });
  forget();
  // The page goes at once, with all that it shows. Without a network the key ends by itself after its hours; it is kept nowhere any more.
  requestJson("DELETE", "/session_keys/current", ended).catch(() => {});
  location.assign(rootPath);
}

/** The service has refused this key: ask again, and keep the page. */
export function interrupt(key: string): void {
  if (session.value?.key !== key) return;
  interrupted.value = session.value;
  session.value = null;
  sessionStorage.removeItem(STORED);
}

/** Return the session, after sign in where there is none yet. */
export function waitForSession(): Promise<Session> {
  return new Promise((resolve) => {
    const stop = session.subscribe((current) => {
      if (!current) return;
      resolve(current);
      // The first call comes before `stop` exists.
      queueMicrotask(() => stop());
    });
  });
}

/** Take up the session of this tab, or of another one. Resolves when it is known whether there is one. */
export async function restoreSession(): Promise<void> {
  // Earlier releases of Swagger UI kept both parts of a key there, for every page of this origin to read.
  localStorage.removeItem("authorized");
  channel.onmessage = ({ data }) => answer(data);
  const stored = sessionStorage.getItem(STORED);
  if (stored) {
    session.value = JSON.parse(stored);
    return;
  }
  channel.postMessage({ ask: true });
  await Promise.race([waitForSession(), new Promise((resolve) => setTimeout(resolve, ANSWER_OF_OTHER_TABS_MS))]);
}

/** Ask the service for the roles again, which other people change. Throws Problem, Unreachable. */
export async function refreshRoles(): Promise<void> {
  const current = session.value;
  if (!current) return;
  try {
    const found = await describe(current);
    if (session.value?.key === current.key) keep(found);
  } catch (error) {
    if (!(error instanceof Problem && error.status === 401)) throw error;
    interrupt(current.key);
  }
}

function answer(data: { ask?: true; have?: Session | null; ended?: string }): void {
  if (data.ask && session.value) channel.postMessage({ have: session.value });
  // A tab that is in use keeps its own session until that has ended.
  if (data.have && !session.value) adopt(data.have);
  if (data.ended && (session.value ?? interrupted.value)?.key === data.ended) {
    forget();
    location.assign(rootPath);
  }
}

async function describe(pair: KeyPair): Promise<Session> {
  const found = await requestJson<Schemas["Whoami"]>("GET", "/whoami", pair);
  return { ...pair, userId: found.user_id, email: found.email, roles: found.roles };
}

function adopt(found: Session): void {
  if (interrupted.value && interrupted.value.userId !== found.userId) {
    // What the page shows, and the requests that wait, are of somebody else. Unsent work lies in the outbox under its own user.
    sessionStorage.setItem(STORED, JSON.stringify(found));
    location.assign(rootPath);
    return;
  }
  keep(found);
  interrupted.value = null;
}

function keep(found: Session): void {
  sessionStorage.setItem(STORED, JSON.stringify(found));
  session.value = found;
}

function forget(): void {
  sessionStorage.removeItem(STORED);
  session.value = null;
  interrupted.value = null;
}
