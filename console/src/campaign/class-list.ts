// The classes of a campaign while somebody edits them.
import type { Schemas } from "../api";

type CampaignClass = Schemas["CampaignClass"];

/** A row of the editor. `id` stays the same while the row moves and its name is typed. */
export interface ClassRow {
  id: number;
  name: string;
  color: string | null;
  key: string;
  aliases: string;
  description: string;
  retired: boolean;
}

let lastId = 0;

/** A class that somebody adds at a position. The first nine have the digits as their keys; colors follow from the position. */
export function newClass(name: string, index: number): Schemas["NewClass"] {
  return { name, key: index < 9 ? String(index + 1) : null, retired: false };
}

export function newRow(index: number, taken: ClassRow[]): ClassRow {
  const { key } = newClass("", index);
  const isFree = key && !taken.some((row) => row.key === key && !row.retired);
  return { id: ++lastId, name: "", color: null, key: isFree ? key : "", aliases: "", description: "", retired: false };
}

export function rowsOf(classes: CampaignClass[]): ClassRow[] {
  return classes.map(({ name, color, key, aliases, description, retired }) => ({
    id: ++lastId,
    name,
    color,
    key: key ?? "",
    aliases: aliases.join(", "),
    description: description ?? "",
    retired,
  }));
}

/** Return what is sent for the rows. Rows without a name are left out. */
export function classesOf(rows: ClassRow[]): Schemas["NewClass"][] {
  return rows
    .filter((row) => row.name.trim())
    .map(({ name, color, key, aliases, description, retired }) => ({
      name: name.trim(),
      color,
      key: key || null,
      aliases: aliases.split(",").map((alias) => alias.trim()).filter(Boolean),
      description: description.trim() || null,
      retired,
    }));
}

/**
 * Return the rows with the classes that objects have brought since, which stand at the end; null if somebody else has changed the list
 * in another way. `before` is the list that the rows were made of, and `now` what the service has.
 */
export function rebase(rows: ClassRow[], before: CampaignClass[], now: CampaignClass[]): ClassRow[] | null {
  const same = JSON.stringify(before) === JSON.stringify(now.slice(0, before.length));
  if (!same) return null;
  const names = new Set(rows.map((row) => row.name.trim()));
  return [...rows, ...rowsOf(now.slice(before.length)).filter((row) => !names.has(row.name))];
}

/** Return the rows with one of them a place up (-1) or down (1). */
export function moved(rows: ClassRow[], id: number, by: -1 | 1): ClassRow[] {
  const from = rows.findIndex((row) => row.id === id);
  const row = rows[from];
  const other = rows[from + by];
  if (!row || !other) return rows;
  const result = [...rows];
  result[from] = other;
  result[from + by] = row;
  return result;
}
