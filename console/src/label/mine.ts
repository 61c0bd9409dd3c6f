// The outbox of the person who is signed in. A page has one, whatever it shows: what waited for a network or a session is sent as
// soon as there is one again.

import { rootPath } from "../address";
import { interrupted, session } from "../session";
import { Outbox } from "./outbox.ts";
import { carrier } from "./service.ts";

let opened: { user: number; outbox: Promise<Outbox> } | null = null;

/** Open the outbox, and begin to send what is in it. Rejects where nobody is signed in. */
export async function openOutbox(): Promise<Outbox> {
  const user = (session.value ?? interrupted.value)?.userId;
  if (user === undefined) throw new Error("Sign in first.");
  if (opened?.user !== user) opened = { user, outbox: Outbox.open(user, carrier, `labelapi.outbox ${rootPath}`) };
  return opened.outbox;
}
