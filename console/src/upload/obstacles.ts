// What can hold an upload up as a whole, how long it waits, and what the admin is told meanwhile.

import { signal } from "@preact/signals";
import { Problem, Unreachable } from "../api";
import { freshLink } from "./dropbox";
import { reach, StorageError } from "./storage";

const LONGEST_WAIT_SECONDS = 30;
/** A new link may need so long before every server of the storage accepts it. */
const REFRESH_MS = 10_000;

/** Why nothing moves. `cors` and `refused` wait for a person, the others try again by themselves. */
export type ObstacleKind = "network" | "busy" | "link" | "cors" | "refused";

export interface Obstacle {
  kind: ObstacleKind;
  message: string;
  /** When it is tried again by itself, as milliseconds of the clock; null if somebody must say so. */
  until: number | null;
}

/** What an error means: this file cannot be sent, or the same is tried again. */
export type Verdict = { kind: "file"; message: string } | { kind: "again" };

const NETWORK = "The network or the storage does not answer. Nothing is lost: what was sent is kept.";
const BUSY = "The storage is busy.";
const LINK = "The storage does not accept the upload link. A new one was made, which may need half a minute before it works.";
const LINK_REFUSED =
  "The storage keeps refusing the upload link. Its firewall may not know this computer, or a clock may be off. Ask whoever operates the storage.";
/** So many waits in a row are more than a new link needs. */
const LINK_WAITS = 5;
const CLOSED = "The dropbox is gone: the image set was finished or deleted meanwhile. Reload the page to see what it is now.";

export class Obstacles {
  readonly current = signal<Obstacle | null>(null);
  /** The newest upload link. It is kept here alone, because whoever has it can upload. */
  link: string | null = null;
  private waits = 0;
  private waiting: Promise<void> | null = null;
  private wake: (() => void) | null = null;
  private refreshedAt = 0;
  private refreshing: Promise<void> | null = null;

  constructor(private readonly imageSetId: number) {
    window.addEventListener("online", () => this.current.value?.kind === "network" && this.tryNow());
  }

  /** Do what waits for a person or for time now. */
  tryNow(): void {
    this.wake?.();
  }

  /** Something went well again. */
  clear(): void {
    this.waits = 0;
    this.wake?.();
  }

  /**
   * Do something, again and again until it succeeds, and return what it returned. Returns null if it was stopped, or if only the
   * file at hand is at fault; `judge` gets the verdict on each error.
   */
  async overcome<T>(action: () => Promise<T>, stop: AbortSignal, judge?: (verdict: Verdict) => void): Promise<T | null> {
    while (!stop.aborted) {
      try {
        return await action();
      } catch (error) {
        if (stop.aborted) return null;
        const message = fileFault(error);
        judge?.(message === null ? { kind: "again" } : { kind: "file", message });
        if (message !== null) return null;
        await this.wait(error, stop);
      }
    }
    return null;
  }

  /** Wait until the storage allows uploads from this page. Returns false if it was stopped meanwhile. */
  async isAllowed(stop: AbortSignal): Promise<boolean> {
    while (!stop.aborted) {
      const found = await reach(this.link ?? "");
      if (found === "allowed") return true;
      await (found === "refused" ? this.pause("cors", "", null, stop) : this.pause("network", NETWORK, this.seconds(), stop));
    }
    return false;
  }

  private async wait(error: unknown, stop: AbortSignal): Promise<void> {
    if (error instanceof StorageError && error.status === 0 && this.link && navigator.onLine) {
      // A rule that was removed meanwhile looks like a lost network.
      if ((await reach(this.link)) === "refused") return this.pause("cors", "", null, stop);
    }
    if (error instanceof StorageError && error.status === 403) return this.replaceLink(stop);
    if (error instanceof StorageError && /^Container/.test(error.code ?? "")) return this.pause("refused", CLOSED, null, stop);
    if (error instanceof Unreachable || (error instanceof StorageError && error.status === 0)) {
      return this.pause("network", NETWORK, this.seconds(), stop);
    }
    if (error instanceof Problem && ![429, 503].includes(error.status)) return this.pause("refused", error.message, null, stop);
    if (error instanceof Problem) return this.pause("busy", error.message, error.retryAfterSeconds ?? this.seconds(), stop);
    return this.pause("busy", BUSY, this.seconds(), stop);
  }

  /** The link has expired, or is not known everywhere yet. All transfers share the new one. */
  private async replaceLink(stop: AbortSignal): Promise<void> {
    if (Date.now() - this.refreshedAt > REFRESH_MS) {
      this.refreshing ??= this.refresh(stop).finally(() => (this.refreshing = null));
      return this.refreshing;
    }
    return this.pause("link", this.waits > LINK_WAITS ? LINK_REFUSED : LINK, this.seconds(), stop);
  }

  private async refresh(stop: AbortSignal): Promise<void> {
    const link = await this.overcome(() => freshLink(this.imageSetId), stop);
    if (link) this.link = link;
    this.refreshedAt = Date.now();
  }

  private seconds(): number {
    return Math.min(LONGEST_WAIT_SECONDS, 2 ** this.waits);
  }

  /** Wait for some seconds, or for `tryNow` if there are none. Who comes later waits for the same. */
  private pause(kind: ObstacleKind, message: string, seconds: number | null, stop: AbortSignal): Promise<void> {
    this.waiting ??= new Promise<void>((resolve) => {
      this.waits += 1;
      this.current.value = { kind, message, until: seconds === null ? null : Date.now() + seconds * 1000 };
      const timer = seconds === null ? null : window.setTimeout(() => this.wake?.(), seconds * 1000);
      stop.addEventListener("abort", () => this.wake?.(), { once: true });
      this.wake = () => {
        if (timer !== null) window.clearTimeout(timer);
        this.wake = null;
        this.waiting = null;
        this.current.value = null;
        resolve();
      };
    });
    return this.waiting;
  }
}

/** True if the storage has a file of this name already. */
export function isTaken(error: unknown): boolean {
  return error instanceof StorageError && (error.status === 412 || (error.status === 409 && error.code === "BlobAlreadyExists"));
}

/** What is wrong with the file itself, or null if the error has nothing to do with it. */
function fileFault(error: unknown): string | null {
  if (error instanceof DOMException) return "It cannot be read any more: it was changed, moved or deleted meanwhile. Drop it again.";
  if (!(error instanceof StorageError)) return null;
  if (error.code === "Md5Mismatch") return "It arrived changed. Send it again.";
  const isOfFile = [400, 405, 409, 411, 413, 414].includes(error.status) && !/^Container/.test(error.code ?? "");
  return isOfFile ? `The storage refuses it (${error.code ?? error.status}).` : null;
}
