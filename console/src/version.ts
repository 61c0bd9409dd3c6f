// Which release this page is of, and whether the service has become another one since.
import { signal } from "@preact/signals";
import { root } from "./address";
import { requestOptions } from "./request";

/** What `GET /info/console` answers. */
export interface ServiceFacts {
  version: string;
  /** The hash of the files that the service serves now; another one means that this page is old. */
  build: string | null;
  /** The origin of the blob account, such as `https://account.blob.core.windows.net`. */
  blob_origin: string;
  limits: { body_bytes: number; bulk_body_bytes: number; objects_per_request: number; import_bytes: number };
}

/** What the service said of itself last; null before it has answered. */
export const service = signal<ServiceFacts | null>(null);

/** True when this page is of an earlier release than the service. */
export const isOutdated = signal(false);

/** Ask the service what it is, now and each time that the page gets the focus. */
export function watchVersion(): void {
  void look();
  addEventListener("focus", () => void look());
}

async function look(): Promise<void> {
  try {
    const response = await fetch(new URL("info/console", root), { ...requestOptions, cache: "no-store" });
    if (!response.ok) return;
    const found: ServiceFacts = await response.json();
    const first = service.value;
    if (first && (first.version !== found.version || first.build !== found.build)) isOutdated.value = true;
    else service.value = found;
  } catch {
    // Without a network the page goes on with what it knows.
  }
}
