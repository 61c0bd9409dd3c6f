// The keys of a user: make one, replace one, revoke one.
import { useState } from "preact/hooks";
import type { TargetedSubmitEvent } from "preact";
import { data, newIdempotencyKey, type Schemas } from "../api";
import { confirm } from "../parts/dialog";
import { Field } from "../parts/field";
import { type Action, useAction, useLoad } from "../parts/load";
import { notify } from "../parts/notice";
import { ProblemNote } from "../parts/problem";
import { type Column, Table } from "../parts/table";
import { Tag } from "../parts/tags";
import { Time } from "../parts/time";
import { NewKeyDialog } from "./new-key";
import type { Client } from "./own-key";

type Key = Schemas["ApiKey"];
const MOST_KEYS = 1000;
const OVERLAP_SECONDS = 3600;

/** List the keys, the newest last, and make new ones. */
export function KeysOfUser({ client, userId }: { client: Client; userId: number }) {
  const [made, setMade] = useState<Schemas["CreatedApiKey"] | null>(null);
  const query = { page: 1, per_page: MOST_KEYS };
  const loading = useLoad(
    () => data(client.GET("/users/{user_id}/api_keys", { params: { path: { user_id: userId }, query } })),
    [client, userId],
  );
  const create = useAction(async (name: string | null, days: number | null) => {
    const date_expires = days ? new Date(Date.now() + days * 86_400_000).toISOString() : null;
    const params = { path: { user_id: userId }, header: { "Idempotency-Key": newIdempotencyKey() } };
    setMade(await data(client.POST("/users/{user_id}/api_keys", { params, body: { name, date_expires } })));
    await loading.reload();
  });
  const rotate = useAction(async (key: Key) => {
    const params = { path: { user_id: userId, key_id: key.key_id }, header: { "Idempotency-Key": newIdempotencyKey() } };
    const body = { overlap_seconds: OVERLAP_SECONDS };
    setMade(await data(client.POST("/users/{user_id}/api_keys/{key_id}/rotate", { params, body })));
    await loading.reload();
  });
  const revoke = useAction(async (key: Key) => {
    const params = { path: { user_id: userId, key_id: key.key_id }, header: { "Idempotency-Key": newIdempotencyKey() } };
    await data(client.DELETE("/users/{user_id}/api_keys/{key_id}", { params }));
    notify("The key is revoked.");
    await loading.reload();
  });
  return (
    <section aria-label="Keys">
      <h2>Keys</h2>
      <ProblemNote error={loading.error ?? rotate.error ?? revoke.error} />
      {loading.data?.api_keys.length === 0 && <p>No key yet: the user cannot sign in.</p>}
      {loading.data && loading.data.api_keys.length > 0 && (
        <Table caption="Keys" columns={columnsWith(rotate, revoke)} rows={loading.data.api_keys} rowKey={(key) => key.key_id} />
      )}
      <NewKeyForm create={create} />
      <NewKeyDialog made={made} onTaken={() => setMade(null)} />
    </section>
  );
}

function columnsWith(rotate: Action<[Key]>, revoke: Action<[Key]>): Column<Key>[] {
  return [
    { heading: "Key", isName: true, cell: (key) => <code>{key.apikey}</code> },
    { heading: "Name", cell: (key) => key.name ?? "" },
    { heading: "State", cell: (key) => <KeyState apiKey={key} /> },
    { heading: "Last used", cell: (key) => <Time at={key.date_last_used} /> },
    { heading: "Expires", cell: (key) => (key.date_expires ? <Time at={key.date_expires} isExact /> : "never") },
    { heading: "Change", cell: (key) => (key.date_revoked ? "" : <KeyActions apiKey={key} rotate={rotate} revoke={revoke} />) },
  ];
}

function KeyState({ apiKey }: { apiKey: Key }) {
  if (apiKey.date_revoked) return <Tag kind="quiet">revoked</Tag>;
  const isOver = apiKey.date_expires !== null && Date.parse(apiKey.date_expires) < Date.now();
  return <Tag kind={isOver ? "quiet" : "good"}>{isOver ? "expired" : "works"}</Tag>;
}

function KeyActions({ apiKey, rotate, revoke }: { apiKey: Key; rotate: Action<[Key]>; revoke: Action<[Key]> }) {
  const name = apiKey.name ?? apiKey.apikey;
  const askAndRotate = async () => {
    const words = "A new key is made. The present one works for one more hour, so that programs can change to the new one.";
    if (await confirm({ title: `Replace the key ${name}?`, words, action: "Replace" })) await rotate.run(apiKey);
  };
  const askAndRevoke = async () => {
    const words = "It stops working within 5 seconds, and so does every session that was begun with it. This cannot be undone.";
    if (await confirm({ title: `Revoke the key ${name}?`, words, action: "Revoke", isDangerous: true })) await revoke.run(apiKey);
  };
  return (
    <span class="row">
      <button type="button" aria-label={`Replace the key ${name}`} disabled={rotate.isRunning} onClick={() => void askAndRotate()}>
        Replace …
      </button>
      <button type="button" class="danger" aria-label={`Revoke the key ${name}`} disabled={revoke.isRunning} onClick={() => void askAndRevoke()}>
        Revoke …
      </button>
    </span>
  );
}

function NewKeyForm({ create }: { create: Action<[string | null, number | null]> }) {
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const name = String(form.get("name")).trim();
    void create.run(name || null, Number(form.get("days")) || null);
  };
  return (
    <form class="card" onSubmit={submit}>
      <h3>New key</h3>
      <Field label="Name" hint="What the key is for, such as a program or a computer.">
        {(ids) => <input {...ids} name="name" maxLength={512} autocomplete="off" />}
      </Field>
      <Field label="Days until it expires" hint="Empty: it does not expire.">
        {(ids) => <input {...ids} name="days" type="number" min={1} max={3650} />}
      </Field>
      <ProblemNote error={create.error} />
      <button type="submit" class="primary" disabled={create.isRunning}>
        Create a key
      </button>
    </form>
  );
}
