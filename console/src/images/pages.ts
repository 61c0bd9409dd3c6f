// Pages of a long list, by number: those that are seen are fetched, a few at a time, and those far away are forgotten.
import { signal, type Signal } from "@preact/signals";

export const PER_PAGE = 100;
/** So many requests run at the same time, and so many pages are kept. */
const MOST_REQUESTS = 2;
const MOST_PAGES = 60;
/** The links of a page to its pictures work for some hours; after this time they are fetched again. */
const FRESH_MS = 30 * 60_000;

export interface Fetched<Item> {
  items: Item[];
  total: number;
}
export type FetchPage<Item> = (page: number, signal: AbortSignal) => Promise<Fetched<Item>>;

interface Kept<Item> {
  items: Item[];
  fetchedAt: number;
}

export class Pages<Item> {
  /** The number of items; null before the first answer. */
  readonly total: Signal<number | null> = signal(null);
  /** Why the last request failed; null while all is well. */
  readonly error: Signal<unknown> = signal(null);
  /** Changes with everything that `get` may return. */
  readonly version = signal(0);
  private readonly kept = new Map<number, Kept<Item>>();
  private readonly running = new Map<number, AbortController>();
  private wanted: number[] = [];
  private lastWant: [number, number] = [0, 0];
  private isClosed = false;

  constructor(private readonly fetchPage: FetchPage<Item>) {}

  /** Return the item at a position, counted from 0, or undefined while it is not there. */
  get(index: number): Item | undefined {
    return this.kept.get(Math.floor(index / PER_PAGE) + 1)?.items[index % PER_PAGE];
  }

  /** Return the items of these positions that are there. */
  between(first: number, last: number): Item[] {
    const found: Item[] = [];
    for (let index = first; index <= last; index += 1) {
      const item = this.get(index);
      if (item) found.push(item);
    }
    return found;
  }

  /** Fetch what is missing of these positions. What was wanted before and is no longer is given up. */
  want(first: number, last: number): void {
    this.lastWant = [first, last];
    const from = Math.floor(Math.max(first, 0) / PER_PAGE) + 1;
    const to = Math.floor(Math.max(last, 0) / PER_PAGE) + 1;
    this.wanted = [];
    for (let page = from; page <= to; page += 1) if (!this.isFresh(page)) this.wanted.push(page);
    for (const [page, request] of this.running) if (page < from || page > to) request.abort();
    this.error.value = null;
    this.next();
  }

  /** Fetch again what was wanted last, after an error. */
  retry(): void {
    this.want(...this.lastWant);
  }

  /** Fetch these positions, whatever is seen meanwhile. Rejects as the requests do. */
  async fetch(first: number, last: number): Promise<void> {
    for (let page = Math.floor(first / PER_PAGE) + 1; page <= Math.floor(last / PER_PAGE) + 1; page += 1) {
      if (!this.kept.has(page)) this.keep(page, await this.fetchPage(page, new AbortController().signal), MOST_PAGES * 2);
    }
  }

  /** Forget everything, and give up what is running. */
  close(): void {
    this.isClosed = true;
    for (const request of this.running.values()) request.abort();
  }

  private isFresh(page: number): boolean {
    const kept = this.kept.get(page);
    return kept !== undefined && performance.now() - kept.fetchedAt < FRESH_MS;
  }

  private next(): void {
    while (this.running.size < MOST_REQUESTS && !this.isClosed) {
      const page = this.wanted.find((wanted) => !this.running.has(wanted));
      if (page === undefined) return;
      this.wanted = this.wanted.filter((wanted) => wanted !== page);
      void this.request(page);
    }
  }

  private async request(page: number): Promise<void> {
    const controller = new AbortController();
    this.running.set(page, controller);
    try {
      this.keep(page, await this.fetchPage(page, controller.signal), MOST_PAGES);
    } catch (error) {
      if (!controller.signal.aborted && !this.isClosed) {
        this.error.value = error;
        this.wanted = [];
      }
    } finally {
      this.running.delete(page);
      this.next();
    }
  }

  private keep(page: number, fetched: Fetched<Item>, most: number): void {
    this.kept.set(page, { items: fetched.items, fetchedAt: performance.now() });
    while (this.kept.size > most) {
      // The pages farthest from the one that came are the least likely to be seen next.
      const farthest = [...this.kept.keys()].reduce((a, b) => (Math.abs(a - page) > Math.abs(b - page) ? a : b));
      this.kept.delete(farthest);
    }
    this.total.value = fetched.total;
    this.version.value += 1;
  }
}
