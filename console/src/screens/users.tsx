// The list of users, and a form for a new one.
import type { TargetedSubmitEvent } from "preact";
import { data, newIdempotencyKey, type Schemas } from "../api";
import { Field } from "../parts/field";
import { useAction, useLoad } from "../parts/load";
import { Pager } from "../parts/pager";
import { ProblemNote } from "../parts/problem";
import { type Column, Table } from "../parts/table";
import { Tag } from "../parts/tags";
import { Time } from "../parts/time";
import { Link, navigate, type ScreenProps, setQuery } from "../router";
import { describeRole } from "../users/roles";
import { type Client, WithOwnKey } from "../users/own-key";

const PER_PAGE = 50;
type User = Schemas["User"];

const columns: Column<User>[] = [
  { heading: "E-mail address", isName: true, cell: (user) => <Link to={`/users/${user.user_id}`}>{user.email}</Link> },
  { heading: "Roles", cell: (user) => user.roles.map(describeRole).join(", ") || <span class="quiet">none</span> },
  { heading: "State", cell: (user) => <Tag kind={user.enabled ? "good" : "quiet"}>{user.enabled ? "enabled" : "disabled"}</Tag> },
  { heading: "Created", cell: (user) => <Time at={user.date_created} /> },
];

export default function Users({ query }: ScreenProps) {
  return (
    <>
      <h1>Users</h1>
      <WithOwnKey>{(client) => <UserList client={client} page={Number(query.get("page")) || 1} />}</WithOwnKey>
    </>
  );
}

function UserList({ client, page }: { client: Client; page: number }) {
  const loading = useLoad(() => data(client.GET("/users", { params: { query: { page, per_page: PER_PAGE } } })), [client, page]);
  return (
    <>
      <ProblemNote error={loading.error} retry={loading.reload} />
      {loading.data && <Table caption="Users" columns={columns} rows={loading.data.users} rowKey={(user) => user.user_id} />}
      {loading.data && <Pager pagination={loading.data.pagination} onPage={(next) => setQuery({ page: String(next) })} />}
      <NewUserForm client={client} />
    </>
  );
}

function NewUserForm({ client }: { client: Client }) {
  const action = useAction(async (email: string, role: string) => {
    const body = { email, role: role === "none" ? null : (role as "image-admin" | "reader") };
    const params = { header: { "Idempotency-Key": newIdempotencyKey() } };
    const made = await data(client.POST("/users", { params, body }));
    navigate(`/users/${made.user_id}`);
  });
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    void action.run(String(form.get("email")).trim(), String(form.get("role")));
  };
  return (
    <form class="card" onSubmit={submit}>
      <h2>New user</h2>
      <p class="quiet">Partners need no user made here: a new campaign makes one. The new user has no key yet; the next page makes it.</p>
      <Field label="E-mail address">{(ids) => <input {...ids} name="email" type="email" required autocomplete="off" />}</Field>
      <Field label="Role" hint="A reader sees everything but users and keys; an image-admin may do everything.">
        {(ids) => (
          <select {...ids} name="role">
            <option value="reader">reader</option>
            <option value="image-admin">image-admin</option>
            <option value="none">none yet</option>
          </select>
        )}
      </Field>
      <ProblemNote error={action.error} />
      <button type="submit" class="primary" disabled={action.isRunning}>
        Create the user
      </button>
    </form>
  );
}
