// The roles of a user, and a form for one more.
import { useState } from "preact/hooks";
import type { TargetedSubmitEvent } from "preact";
import { data, newIdempotencyKey, type Schemas } from "../api";
import { confirm } from "../parts/dialog";
import { Field } from "../parts/field";
import { useAction } from "../parts/load";
import { notify } from "../parts/notice";
import { ProblemNote } from "../parts/problem";
import type { Client } from "./own-key";
import { describeRole } from "./roles";

type RoleName = Schemas["RoleName"];
const ROLES: RoleName[] = ["reader", "image-admin", "labeler", "reviewer"];

interface Props {
  client: Client;
  user: Schemas["User"];
  reload: () => Promise<void>;
}

/** List the roles with a button that takes each away. */
export function RolesOfUser({ client, user, reload }: Props) {
  const action = useAction(async (role: Schemas["UserRole"]) => {
    const params = { path: { user_id: user.user_id, role_id: role.role_id }, header: { "Idempotency-Key": newIdempotencyKey() } };
    await data(client.DELETE("/users/{user_id}/roles/{role_id}", { params }));
    notify("The role is revoked.");
    await reload();
  });
  const revoke = async (role: Schemas["UserRole"]) => {
    const words = `${user.email} will no longer be ${describeRole(role)}.`;
    if (await confirm({ title: "Revoke this role?", words, action: "Revoke", isDangerous: true })) await action.run(role);
  };
  return (
    <section aria-label="Roles">
      <h2>Roles</h2>
      <ProblemNote error={action.error} />
      {user.roles.length === 0 && <p>No role yet: the user can sign in and see nothing.</p>}
      <ul>
        {user.roles.map((role) => (
          <li key={role.role_id}>
            {describeRole(role)}{" "}
            <button type="button" aria-label={`Revoke ${describeRole(role)}`} disabled={action.isRunning} onClick={() => void revoke(role)}>
              Revoke …
            </button>
          </li>
        ))}
      </ul>
      <GrantForm client={client} user={user} reload={reload} />
    </section>
  );
}

function GrantForm({ client, user, reload }: Props) {
  const [name, setName] = useState<RoleName>("reader");
  const isOfCampaign = name === "labeler" || name === "reviewer";
  const action = useAction(async (campaignId: number | null) => {
    const params = { path: { user_id: user.user_id }, header: { "Idempotency-Key": newIdempotencyKey() } };
    await data(client.POST("/users/{user_id}/roles", { params, body: { role: name, campaign_id: campaignId } }));
    notify("The role is granted.");
    await reload();
  });
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const campaign = Number(new FormData(event.currentTarget).get("campaign"));
    void action.run(isOfCampaign ? campaign : null);
  };
  return (
    <form class="card" onSubmit={submit}>
      <h3>Grant a role</h3>
      <Field label="Role">
        {(ids) => (
          <select {...ids} value={name} onChange={(event) => setName(event.currentTarget.value as RoleName)}>
            {ROLES.map((role) => (
              <option key={role}>{role}</option>
            ))}
          </select>
        )}
      </Field>
      {isOfCampaign && (
        <Field label="Campaign" hint="Its number, as in the address of its page.">
          {(ids) => <input {...ids} name="campaign" type="number" min={1} required />}
        </Field>
      )}
      <ProblemNote error={action.error} />
      <button type="submit" disabled={action.isRunning}>
        Grant
      </button>
    </form>
  );
}
