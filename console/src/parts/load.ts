// Loading what a screen shows: the answer, or what went wrong, and a way to load it again.
import { useEffect, useRef, useState } from "preact/hooks";

/** What a screen knows of what it loads. `data` stays while it is loaded again. */
export interface Loaded<T> {
  data: T | null;
  error: Error | null;
  isLoading: boolean;
  /** Load it again now. Resolves when it is there, or has failed. */
  reload: () => Promise<void>;
}

interface Options {
  /** Load again after as many seconds, while the page can be seen. */
  everySeconds?: number | null;
}

/** Load something when the screen appears and when one of `inputs` changes; a late answer to earlier inputs is dropped. */
export function useLoad<T>(load: () => Promise<T>, inputs: readonly unknown[], { everySeconds = null }: Options = {}): Loaded<T> {
  const [state, setState] = useState<Omit<Loaded<T>, "reload">>({ data: null, error: null, isLoading: true });
  const latest = useRef(0);
  const loadNow = useRef(load);
  loadNow.current = load;
  const reload = async () => {
    const number = ++latest.current;
    setState((before) => ({ ...before, isLoading: true }));
    const found = await outcome(loadNow.current);
    if (number !== latest.current) return;
    setState((before) => ({ data: found.error ? before.data : (found.data ?? null), error: found.error, isLoading: false }));
  };
  useEffect(() => {
    setState({ data: null, error: null, isLoading: true });
    void reload();
    return () => {
      latest.current++;
    };
  }, inputs);
  useEffect(() => {
    if (!everySeconds) return undefined;
    const timer = setInterval(() => {
      if (!document.hidden) void reload();
    }, everySeconds * 1000);
    return () => clearInterval(timer);
  }, [everySeconds, ...inputs]);
  return { ...state, reload };
}

async function outcome<T>(load: () => Promise<T>): Promise<{ data?: T; error: Error | null }> {
  try {
    return { data: await load(), error: null };
  } catch (error) {
    return { error: error as Error };
  }
}

/** What a button that does something knows: whether it runs, and what went wrong the last time. */
export interface Action<A extends unknown[]> {
  run: (...args: A) => Promise<void>;
  isRunning: boolean;
  error: Error | null;
  clear: () => void;
}

/** Run something once at a time and keep its error, for `<ProblemNote>` beside the button. */
export function useAction<A extends unknown[]>(act: (...args: A) => Promise<unknown>): Action<A> {
  const [isRunning, setRunning] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const busy = useRef(false);
  const run = async (...args: A) => {
    if (busy.current) return;
    busy.current = true;
    setRunning(true);
    const found = await outcome(() => act(...args));
    busy.current = false;
    setRunning(false);
    setError(found.error);
  };
  return { run, isRunning, error, clear: () => setError(null) };
}
