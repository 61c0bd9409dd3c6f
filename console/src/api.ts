// The typed client of the API: `await data(api.GET("/jobs", { params: { query: { state: "failed" } } }))`.
import createClient from "openapi-fetch";
import { Problem, problemOf } from "./problem";
import { apiAddress, fetchOrUnreachable, type KeyPair, requestOptions, sign } from "./request";
import type { components, paths } from "./schema";
import { interrupt, waitForSession } from "./session";

export { type FieldFault, Problem, Unreachable } from "./problem";
export { newIdempotencyKey } from "./request";

/** The schemas of the API by name: `Schemas["Campaign"]`. */
export type Schemas = components["schemas"];

const TRIES_OF_READS = 3;
const LONGEST_PAUSE_SECONDS = 10;

const options = {
  ...requestOptions,
  baseUrl: apiAddress,
  querySerializer: writeQuery,
} as const;

/** Write a query as the API reads it: lists by commas, and objects as `name[key]=value`, where a key may be any text. */
function writeQuery(query: Record<string, unknown>): string {
  const pairs = Object.entries(query).flatMap(([name, value]): [string, unknown][] => {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? Object.entries(value).map(([key, part]) => [`${name}[${key}]`, part]) : [[name, value]];
  });
  const escape = (value: unknown) => encodeURIComponent(String(value));
  return pairs
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${escape(name)}=${Array.isArray(value) ? value.map(escape).join(",") : escape(value)}`)
    .join("&");
}

/** The client with the keys of the session. A 401 asks for the keys and then sends the request again, so that no caller sees it. */
export const api = createClient<paths>({ ...options, fetch: fetchInSession });

/** Return a client with other keys than those of the session. It reports a 401 as any other problem. */
export function clientWith(pair: KeyPair): typeof api {
  return createClient<paths>({ ...options, fetch: (request) => fetchWithPatience(request, pair) });
}

/** Return what a call answered. Throws Problem for a refusal or a fault, Unreachable without an answer. */
export async function data<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  // The function that fetches has thrown already where the answer was none.
  return (await call).data as T;
}

/** Return what a call answered, and the answer itself for its headers (`ETag`, `Link`, `Location`). Throws as `data` does. */
export async function dataAndResponse<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<{ data: T; response: Response }> {
  const found = await call;
  return { data: found.data as T, response: found.response };
}

async function fetchInSession(request: Request): Promise<Response> {
  for (;;) {
    const current = await waitForSession();
    try {
      return await fetchWithPatience(request, current);
    } catch (error) {
      if (!(error instanceof Problem && error.status === 401)) throw error;
      interrupt(current.key);
    }
  }
}

async function fetchWithPatience(request: Request, pair: KeyPair): Promise<Response> {
  for (let tries = 1; ; tries++) {
    const attempt = request.clone();
    sign(attempt.headers, pair);
    const response = await fetchOrUnreachable(attempt);
    if (response.ok) return response;
    const problem = await problemOf(response);
    if (!isWorthWaiting(request, problem) || tries === TRIES_OF_READS) throw problem;
    await new Promise((resolve) => setTimeout(resolve, 1000 * (problem.retryAfterSeconds ?? 0)));
  }
}

/** Reads are repeated after a short outage; who changes something decides by `Problem.retryAfterSeconds`. */
function isWorthWaiting(request: Request, problem: Problem): boolean {
  const seconds = problem.retryAfterSeconds;
  return request.method === "GET" && seconds !== null && seconds <= LONGEST_PAUSE_SECONDS && [429, 503].includes(problem.status);
}
