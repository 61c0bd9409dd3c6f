// Users, roles and keys are closed to session keys, so their pages ask for the API key once more. It stays in memory for some minutes.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { type api, clientWith, Problem, type Schemas } from "../api";
import { KeyForm } from "../parts/key-form";
import { type KeyPair, requestJson } from "../request";
import { session } from "../session";

export type Client = typeof api;

const KEPT_MS = 10 * 60_000;
const client = signal<Client | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;

/** Show `children` with a client that may manage users; before that, a form that asks for the API key. */
export function WithOwnKey({ children }: { children: (client: Client) => ComponentChildren }) {
  if (!client.value) return <OwnKeyForm />;
  return (
    <>
      <p class="row quiet">
        Your API key is in use for these pages, for 10 minutes at most.
        <button type="button" onClick={forgetOwnKey}>
          Forget it now
        </button>
      </p>
      {children(client.value)}
    </>
  );
}

/** Forget the API key; also called when the service refuses it. */
export function forgetOwnKey(): void {
  clearTimeout(timer);
  client.value = null;
}

async function takeOwnKey(pair: KeyPair): Promise<void> {
  const found = await requestJson<Schemas["Whoami"]>("GET", "/whoami", pair);
  if (found.user_id !== session.value?.userId) throw new Problem(403, "This key belongs to another user. Sign in with it instead.");
  // A session key is refused here.
  await requestJson("GET", "/users?page=1&per_page=1", pair);
  const made = clientWith(pair);
  made.use({ onError: ({ error }) => (error instanceof Problem && error.status === 401 ? forgetOwnKey() : undefined) });
  client.value = made;
  clearTimeout(timer);
  timer = setTimeout(forgetOwnKey, KEPT_MS);
}

function OwnKeyForm() {
  return (
    <KeyForm take={takeOwnKey} button="Continue" class="card">
      <h2>Enter your API key again</h2>
      <p>
        A session cannot manage users, roles and keys: a stolen session must not make keys that outlive it. The key stays in the memory of this page
        for 10 minutes at most, and goes to this service only.
      </p>
    </KeyForm>
  );
}
