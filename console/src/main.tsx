// The entry: session, address, and the screen that belongs to it, each loaded when it is first wanted.
import "./style.css";
// Every screen uses these: as part of the entry they are smaller than as files of their own.
import "./api";
import "./parts/progress";
import "./parts/tags";
import { type ComponentType, render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Frame } from "./frame";
import { Empty } from "./parts/empty";
import { ProblemNote } from "./parts/problem";
import { Link, match, route, type ScreenProps } from "./router";
import { interrupted, restoreSession, session } from "./session";
import { watchVersion } from "./version";

interface Screen {
  pattern: string;
  load: () => Promise<{ default: ComponentType<ScreenProps> }>;
  /** The screen takes the whole area below the header, and scrolls by itself. */
  isFull?: boolean;
  /** The screen stays when only the names in its path change, such as the image, and takes the new ones itself. */
  staysForAll?: boolean;
}

/** No address of its own: it stands at any address before sign in. */
const SIGN_IN = "sign-in";

/** One line a screen; the first pattern that fits wins. */
const SCREENS: Screen[] = [
  { pattern: SIGN_IN, load: () => import("./screens/sign-in") },
  { pattern: "/", load: () => import("./screens/home") },
  { pattern: "/overview", load: () => import("./screens/overview") },
  { pattern: "/image-sets", load: () => import("./screens/image-sets") },
  { pattern: "/image-sets/:image_set", load: () => import("./screens/image-set") },
  { pattern: "/campaigns", load: () => import("./screens/campaigns") },
  { pattern: "/campaigns/:campaign", load: () => import("./screens/campaign") },
  { pattern: "/snapshots", load: () => import("./screens/snapshots") },
  { pattern: "/snapshots/:snapshot", load: () => import("./screens/snapshot") },
  { pattern: "/jobs", load: () => import("./screens/jobs") },
  { pattern: "/jobs/:job", load: () => import("./screens/job") },
  { pattern: "/users", load: () => import("./screens/users") },
  { pattern: "/users/:user", load: () => import("./screens/user") },
  { pattern: "/images", load: () => import("./screens/images"), isFull: true },
  { pattern: "/images/:image", load: () => import("./screens/image"), isFull: true },
  { pattern: "/campaigns/:campaign/review", load: () => import("./screens/next-image") },
  { pattern: "/campaigns/:campaign/review/:image", load: () => import("./screens/review"), isFull: true },
  { pattern: "/queries", load: () => import("./screens/queries") },
  { pattern: "/campaigns/:campaign/label", load: () => import("./screens/next-image") },
  { pattern: "/campaigns/:campaign/label/:image", load: () => import("./screens/label"), isFull: true, staysForAll: true },
  { pattern: "/audit", load: () => import("./screens/audit") },
];

const loaded = new Map<Screen, ComponentType<ScreenProps>>();

function App() {
  if (!session.value && !interrupted.value) {
    return <CurrentScreen path={SIGN_IN} />;
  }
  return <CurrentScreen path={route.value.path} />;
}

function CurrentScreen({ path }: { path: string }) {
  const { query } = route.value;
  const [screen, params] = find(path);
  const [error, setError] = useState<Error | null>(null);
  const [, setReady] = useState<Screen | null>(null);
  useEffect(() => {
    setError(null);
    if (screen && !loaded.has(screen)) load(screen).then(() => setReady(screen), setError);
  }, [screen]);
  const Content = screen && loaded.get(screen);
  return (
    <Frame isFull={screen?.isFull ?? false}>
      {!screen && <NotFound />}
      {error && <ProblemNote error={error} retry={() => location.reload()} />}
      {/* Another object of the same kind is another screen, unless it says otherwise: nothing of the one before stays. */}
      {Content && <Content key={screen.staysForAll ? screen.pattern : path} params={params} query={query} />}
    </Frame>
  );
}

function find(path: string): [Screen | null, Record<string, string>] {
  for (const screen of SCREENS) {
    const params = match(screen.pattern, path);
    if (params) return [screen, params];
  }
  return [null, {}];
}

async function load(screen: Screen): Promise<void> {
  try {
    loaded.set(screen, (await screen.load()).default);
  } catch {
    // The service may have a new version since, which has other files.
    throw new Error("This part of the page could not be loaded. Check the network connection, then try again.");
  }
}

function NotFound() {
  return (
    <Empty title="There is no page at this address">
      <p>
        Go to <Link to="/">the first page</Link>.
      </p>
    </Empty>
  );
}

async function start(): Promise<void> {
  watchVersion();
  await restoreSession();
  render(<App />, document.querySelector("#app") as HTMLElement);
}

void start();
