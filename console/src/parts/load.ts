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
  /** Forget the error, and drop the answer to what still runs. */
  clear: () => void;
}

/**
 * Run something once at a time and keep its error, for `<ProblemNote>` beside the button.
 *
 * `done` gets what `act` returns, unless the form that asked was closed meanwhile: it went from the page, or was cleared.
 */
export function useAction<A extends unknown[], R>(act: (...args: A) => Promise<R>, done?: (result: R) => unknown): Action<A> {
  const [isRunning, setRunning] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const busy = useRef(false);
  // Counts how often the form was closed; an answer to an earlier one is dropped.
  const closed = useRef(0);
  useEffect(() => () => void closed.current++, []);
  const run = async (...args: A) => {
    if (busy.current) return;
    const number = closed.current;
    busy.current = true;
    setRunning(true);
    const found = await outcome(() => act(...args));
    if (number !== closed.current) return;
    busy.current = false;
    setRunning(false);
    setError(found.error);
    if (!found.error) done?.(found.data as R);
  };
  const clear = () => {
    closed.current++;
    busy.current = false;
    setRunning(false);
    setError(null);
  };
  return { run, isRunning, error, clear };
}
