// Where this browser keeps what is not submitted: IndexedDB, which survives a closed tab and a lost session. Entries belong to a user.

import type { DBSchema, IDBPDatabase } from "idb";
import { openDB } from "idb";
import { rootPath } from "../address";
import type { Entry } from "./reconcile.ts";

type Place = [user: number, campaign: number, image: number];

interface Tables extends DBSchema {
  entries: { key: Place; value: Entry; indexes: { user: number } };
}

export function placeOf(entry: Entry): Place {
  return [entry.user, entry.campaign, entry.image];
}

export class Store {
  /** What the browser did not take, and lives as long as the page: the entry by its place, null for one that shall be gone. */
  private readonly memory = new Map<string, Entry | null>();

  private constructor(private readonly database: IDBPDatabase<Tables> | null) {}

  /** Open it. Where the browser keeps nothing (a private window, a full disk) entries live as long as the page. */
  static async open(): Promise<Store> {
    try {
      const database = await openDB<Tables>(`labelapi ${rootPath}`, 1, {
        upgrade: (made) => {
          made.createObjectStore("entries", { keyPath: ["user", "campaign", "image"] }).createIndex("user", "user");
        },
        blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
      });
      return new Store(database);
    } catch {
      return new Store(null);
    }
  }

  /** Whether a closed tab loses nothing. */
  get isLasting(): boolean {
    return this.database !== null && this.memory.size === 0;
  }

  async all(user: number): Promise<Entry[]> {
    const kept = await this.database?.getAllFromIndex("entries", "user", user).catch(() => []);
    const found = new Map<string, Entry | null>((kept ?? []).map((entry) => [placeOf(entry).join(), entry]));
    for (const [name, entry] of this.memory) found.set(name, entry);
    return [...found.values()].filter((entry) => entry?.user === user) as Entry[];
  }

  async get(place: Place): Promise<Entry | null> {
    const unkept = this.memory.get(place.join());
    if (unkept !== undefined || this.database === null) return unkept ?? null;
    return (await this.database.get("entries", place).catch(() => undefined)) ?? null;
  }

  /**
   * Change the entry of an image in one transaction: `change` gets what is there and returns what shall be, null for none.
   * Returns what is there afterwards. What the browser does not take is kept in memory until it does.
   */
  async change(place: Place, change: (found: Entry | null) => Entry | null): Promise<Entry | null> {
    const name = place.join();
    const unkept = this.memory.get(name);
    let found = unkept ?? null;
    let next: Entry | null | undefined;
    try {
      const transaction = this.database?.transaction("entries", "readwrite");
      // The step that fails is reported below; this is its echo.
      transaction?.done.catch(() => {});
      if (unkept === undefined) found = (await transaction?.store.get(place)) ?? null;
      next = change(found);
      if (next === null) await transaction?.store.delete(place);
      else if (next !== found || unkept !== undefined) await transaction?.store.put(next);
      await transaction?.done;
      if (transaction) this.memory.delete(name);
      else this.remember(name, next);
    } catch {
      // The disk is full, or the browser has thrown its data away.
      next = next === undefined ? change(found) : next;
      this.memory.set(name, next);
    }
    return next;
  }

  private remember(name: string, entry: Entry | null): void {
    if (entry === null) this.memory.delete(name);
    else this.memory.set(name, entry);
  }
}
