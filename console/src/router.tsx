// The address of the page and its changes. Paths are those of the console, without the prefix of a proxy.
import { signal } from "@preact/signals";
import type { ComponentChildren, TargetedMouseEvent } from "preact";
import { rootPath } from "./address";

/** Where the page is: a path such as `/campaigns/3`, and its query. */
export interface Route {
  path: string;
  query: URLSearchParams;
}

/** What a screen gets: the parts of its path that have a name, and the query. */
export interface ScreenProps {
  params: Record<string, string>;
  query: URLSearchParams;
}

type Guard = (next: string) => boolean;
let guard: Guard | null = null;

/** The present address. */
export const route = signal<Route>(read());

/** Go to an address of the console. `replace` leaves no step back to the present one. */
export function navigate(path: string, { replace = false } = {}): void {
  if (guard && !guard(path)) return;
  history[replace ? "replaceState" : "pushState"](null, "", href(path));
  route.value = read();
  // A new page begins at its top; a filter that changes the query alone does not.
  if (!replace) document.querySelector("main")?.scrollTo(0, 0);
}

/** Change parts of the query and leave the rest; an empty value removes one. It leaves no step back. */
export function setQuery(changes: Record<string, string | null>): void {
  const query = new URLSearchParams(route.value.query);
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  navigate(`${route.value.path}${query.size ? `?${query}` : ""}`, { replace: true });
}

/** Let a function decide whether the page may be left by a link; null ends that. It gets the next path. */
export function guardLeaving(function_: Guard | null): void {
  guard = function_;
}

/** Return the values of the `:names` in a pattern such as `/campaigns/:campaign`, or null when the path is another one. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const expected = pattern.split("/");
  const found = path.split("/");
  if (expected.length !== found.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const value = found[index] ?? "";
    if (part.startsWith(":") && value) params[part.slice(1)] = value;
    else if (part !== value) return null;
  }
  return params;
}

/** Return the address of a path of the console in this installation. */
export function href(path: string): string {
  return rootPath + path.slice(1);
}

interface LinkProps {
  to: string;
  class?: string;
  title?: string;
  "aria-current"?: "page" | undefined;
  "aria-label"?: string;
  children: ComponentChildren;
}

/** A link to a path of the console. With a modifier key the browser opens it as it opens any link. */
export function Link({ to, ...rest }: LinkProps) {
  const follow = (event: TargetedMouseEvent<HTMLAnchorElement>) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return <a {...rest} href={href(to)} onClick={follow} />;
}

addEventListener("popstate", () => {
  route.value = read();
});

function read(): Route {
  const path = location.pathname.startsWith(rootPath) ? location.pathname.slice(rootPath.length - 1) : "/";
  return { path: path.length > 1 ? path.replace(/\/$/, "") : path, query: new URLSearchParams(location.search) };
}
