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
  private constructor(
    private readonly database: IDBPDatabase<Tables> | null,
    private readonly memory = new Map<string, Entry>(),
  ) {}

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

  get isLasting(): boolean {
    return this.database !== null;
  }

  async all(user: number): Promise<Entry[]> {
    if (this.database === null) return [...this.memory.values()].filter((entry) => entry.user === user);
    return this.database.getAllFromIndex("entries", "user", user);
  }

  async get(place: Place): Promise<Entry | null> {
    const found = this.database === null ? this.memory.get(place.join()) : await this.database.get("entries", place);
    return found ?? null;
  }

  /**
   * Change the entry of an image in one transaction: `change` gets what is there and returns what shall be, null for none.
   * Returns what is there afterwards.
   */
  async change(place: Place, change: (found: Entry | null) => Entry | null): Promise<Entry | null> {
    if (this.database === null) {
      const next = change(this.memory.get(place.join()) ?? null);
      if (next === null) this.memory.delete(place.join());
      else this.memory.set(place.join(), next);
      return next;
    }
    const transaction = this.database.transaction("entries", "readwrite");
    const found = (await transaction.store.get(place)) ?? null;
    const next = change(found);
    if (next === null) await transaction.store.delete(place);
    else if (next !== found) await transaction.store.put(next);
    await transaction.done;
    return next;
  }
}
