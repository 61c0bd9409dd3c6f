// Parts of the labeling page that are loaded once the picture shows, so that they do not hold it up.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Work } from "./work.ts";

/** A key that was pressed longer ago was given up by the person. */
const FRESH_MS = 10_000;

/** Load a module when `isWanted` is true for the first time. Returns null until it is there. */
export function useLater<Module>(load: () => Promise<Module>, isWanted: boolean): Module | null {
  const [found, setFound] = useState<{ module: Module } | null>(null);
  useEffect(() => {
    if (!isWanted || found) return;
    const loadNow = () => {
      // Without the network it is tried again when that is back.
      load().then((module) => setFound({ module }), () => addEventListener("online", loadNow, { once: true }));
    };
    loadNow();
  }, [isWanted]);
  return found?.module ?? null;
}

/** Keep keys that are pressed while `isReady` is false and that nobody has taken, and let the image have them once it is true: who sees the picture may type. */
export function useEarlyKeys(isReady: boolean, work: Work): void {
  const early = useRef<{ event: KeyboardEvent; image: number | null }[]>([]);
  useEffect(() => {
    if (isReady) {
      for (const { event, image } of early.current.splice(0)) {
        const isMeant = image === work.imageId && !work.isLoading.value && performance.now() - event.timeStamp < FRESH_MS;
        if (isMeant && !event.defaultPrevented) (event.target ?? window).dispatchEvent(new KeyboardEvent(event.type, event));
      }
      return;
    }
    const ending = new AbortController();
    const keep = (event: KeyboardEvent) => early.current.push({ event, image: work.imageId });
    addEventListener("keydown", keep, { signal: ending.signal });
    addEventListener("keyup", keep, { signal: ending.signal });
    return () => ending.abort();
  }, [isReady, work]);
}
