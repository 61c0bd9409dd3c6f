// The bare request: to this origin only, with both parts of a key, never over a redirect.
import { root } from "./address";
import { Problem, problemOf, Unreachable } from "./problem";

/** Both parts of a key. */
export interface KeyPair {
  key: string;
  secret: string;
}

/** Where the API is, without a slash at its end. */
export const apiAddress = new URL("api/v1", root).href;

/** Set the two headers of a key on a request. */
export function sign(headers: Headers, pair: KeyPair): void {
  headers.set("Authentication-Key", pair.key);
  headers.set("Authentication-Secret", pair.secret);
}

/** Options of every request. A redirect would lead to the storage, and browsers would send it both parts of the key. */
export const requestOptions = { credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" } as const;

/** Fetch, and tell an answer from silence. Throws Unreachable; an aborted request stays an AbortError. */
export async function fetchOrUnreachable(input: Request): Promise<Response> {
  try {
    return await fetch(input);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable();
  }
}

/** Send one request of the API with these keys, and return the JSON of the answer. Throws Problem, Unreachable. */
export async function requestJson<T>(method: string, path: string, pair: KeyPair, body?: unknown): Promise<T> {
  const headers = new Headers();
  if (!isHeaderValue(pair.key) || !isHeaderValue(pair.secret)) {
    throw new Problem(401, "A key has only letters, digits and underscores. Copy both parts again.");
  }
  sign(headers, pair);
  if (body !== undefined) headers.set("Content-Type", "application/json");
  const content = body === undefined ? undefined : JSON.stringify(body);
  // A page that is left ends its session by such a request.
  const request = new Request(`${apiAddress}${path}`, { ...requestOptions, method, headers, body: content, keepalive: true });
  const response = await fetchOrUnreachable(request);
  if (!response.ok) throw await problemOf(response);
  return (await response.json()) as T;
}

function isHeaderValue(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

/** Return a new value for the header `Idempotency-Key`. */
export function newIdempotencyKey(): string {
  // `crypto.randomUUID` exists only over HTTPS and on the machine itself.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
