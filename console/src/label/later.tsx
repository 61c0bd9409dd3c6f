// Parts of the labeling page that are loaded once the picture shows, so that they do not hold it up.

import { useEffect, useState } from "preact/hooks";

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

