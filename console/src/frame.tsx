// What surrounds every screen: the header, notes above the page, and the dialogs that stand once.
import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { asked } from "./parts/dialog";
import { isKeySheetOpen, openKeySheet } from "./parts/key-sheet";
import { Notices } from "./parts/notice";
import { Link, route } from "./router";
import { nextScheme, scheme } from "./scheme";
import { hasRole, interrupted, isAdmin, readsAll, session, signOut } from "./session";
import { isOutdated } from "./version";

const OVERLAYS_AFTER_MS = 3000;
const SCHEME_WORDS = { system: "As the system", light: "Light", dark: "Dark" };

/** The page around a screen. `isFull` gives the screen the whole area, without padding or scrolling. */
export function Frame({ isFull, children }: { isFull: boolean; children: ComponentChildren }) {
  return (
    <>
      <Header />
      <div class="above">{isOutdated.value && <OutdatedNote />}</div>
      <main id="main" class={isFull ? "is-full" : ""} tabIndex={-1}>
        {children}
      </main>
      <Notices />
      <LaterOverlays />
    </>
  );
}

/** The overlays, loaded when one is wanted, or some seconds after the page, so that they are there without a network, too. */
function LaterOverlays() {
  const [Overlays, setOverlays] = useState<ComponentType | null>(null);
  const [isDue, setDue] = useState(false);
  const [tries, setTries] = useState(0);
  const isWanted = isDue || asked.value !== null || isKeySheetOpen.value || interrupted.value !== null;
  useEffect(() => {
    const timer = setTimeout(() => setDue(true), OVERLAYS_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  useEffect(() => {
    if (!isWanted || Overlays) return undefined;
    let retry: ReturnType<typeof setTimeout> | undefined;
    const tryLater = () => {
      retry = setTimeout(() => setTries(tries + 1), OVERLAYS_AFTER_MS);
    };
    import("./overlays").then((loaded) => setOverlays(() => loaded.default), tryLater);
    return () => clearTimeout(retry);
  }, [isWanted, Overlays, tries]);
  return Overlays && <Overlays />;
}

function Header() {
  const user = session.value ?? interrupted.value;
  return (
    <header class="top">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Link to="/" class="brand">
        LabelAPI
      </Link>
      <nav aria-label="Main">{user && linksOf().map(([path, words]) => <NavLink key={path} path={path} words={words} />)}</nav>
      <div class="who">
        <button type="button" class="plain" onClick={openKeySheet} aria-label="Keys" title="Keys (?)">
          ?
        </button>
        <button type="button" class="plain" onClick={nextScheme} aria-label={`Colors: ${SCHEME_WORDS[scheme.value]}`} title="Colors">
          ◐ <span class="wide">{SCHEME_WORDS[scheme.value]}</span>
        </button>
        {user && <span class="quiet wide">{user.email}</span>}
        {user && (
          <button type="button" title={user.email} onClick={signOut}>
            Sign out
          </button>
        )}
      </div>
    </header>
  );
}

function linksOf(): [string, string][] {
  const links: [string, string][] = [];
  if (hasRole("labeler") || hasRole("reviewer")) links.push(["/", "My campaigns"]);
  if (!readsAll.value) return links;
  links.push(["/overview", "Overview"], ["/image-sets", "Image sets"], ["/images", "Images"], ["/campaigns", "Campaigns"]);
  links.push(["/snapshots", "Snapshots"], ["/queries", "Queries"], ["/jobs", "Jobs"]);
  if (isAdmin.value) links.push(["/users", "Users"], ["/audit", "Audit"]);
  return links;
}

function NavLink({ path, words }: { path: string; words: string }) {
  const here = route.value.path;
  const isHere = here === path || (path !== "/" && here.startsWith(`${path}/`));
  return (
    <Link to={path} aria-current={isHere ? "page" : undefined}>
      {words}
    </Link>
  );
}

function OutdatedNote() {
  return (
    <div class="note" role="status">
      <p class="row">
        <span>The service has a new version. Reload to use it; what you have not sent yet stays.</span>
        <button type="button" onClick={() => location.reload()}>
          Reload
        </button>
      </p>
    </div>
  );
}
