// The bar above the images: what is filtered, as words that can be taken away, and all fields on demand.
import { useEffect, useState } from "preact/hooks";
import { campaigns, imageSets } from "../parts/titles";
import { describeFilter, FIELDS, type Filters, type Sort, SORTS, withoutFilters } from "./filters";
import { FilterFields } from "./filter-fields";

export type View = "grid" | "map";

interface FilterBarProps {
  filters: Filters;
  sort: Sort;
  view: View;
  unreadable: string[];
  onFilters: (filters: Filters) => void;
  onSort: (sort: Sort) => void;
  onView: (view: View) => void;
}

export function FilterBar({ filters, sort, view, unreadable, onFilters, onSort, onView }: FilterBarProps) {
  const [isOpen, setOpen] = useState(false);
  const names = Object.keys(FIELDS).filter((name) => filters[name as keyof Filters] !== undefined) as (keyof Filters)[];
  return (
    <section class="filter-bar" aria-label="Filters">
      <div class="filter-line">
        <button type="button" aria-expanded={isOpen} aria-controls="filter-fields" onClick={() => setOpen(!isOpen)}>
          Filters
        </button>
        {names.length > 0 && (
          <ul class="chips" aria-label="Filters that apply">
            {names.map((name) => (
              <li key={name} class="chip">
                <Words name={name} filters={filters} />
                <button type="button" class="plain" aria-label={`Remove the filter ${FIELDS[name].words}`} onClick={() => onFilters(withoutFilters(filters, name))}>
                  ✕
                </button>
              </li>
            ))}
          </ul>
        )}
        {names.length > 1 && (
          <button type="button" class="plain" onClick={() => onFilters({})}>
            Remove all
          </button>
        )}
        <span class="spacer" />
        {view === "grid" && (
          <select aria-label="Order" value={sort} onChange={(event) => onSort(event.currentTarget.value as Sort)}>
            {Object.entries(SORTS).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        )}
        <div class="switch" role="group" aria-label="View">
          {(["grid", "map"] as const).map((name) => (
            <button type="button" key={name} aria-pressed={view === name} onClick={() => onView(name)}>
              {name === "grid" ? "Grid" : "Map"}
            </button>
          ))}
        </div>
      </div>
      {unreadable.length > 0 && <p class="note note-problem">The address has filters that cannot be read: {unreadable.join(", ")}. They do not apply.</p>}
      {isOpen && (
        <div id="filter-fields">
          <FilterFields filters={filters} onChange={onFilters} />
        </div>
      )}
    </section>
  );
}

/** What a filter says; an image set and a campaign by their titles. */
function Words({ name, filters }: { name: keyof Filters; filters: Filters }) {
  const [title, setTitle] = useState<string | null>(null);
  const source = name === "image_set" ? imageSets : name === "campaign" ? campaigns : null;
  const value = filters[name];
  useEffect(() => {
    let isCurrent = true;
    setTitle(null);
    source?.titleOf(Number(value)).then(
      (found) => isCurrent && setTitle(found),
      // The id says enough where the title cannot be read.
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, [name, value]);
  return (
    <span>
      {FIELDS[name].words}: <b>{title ?? describeFilter(name, filters)}</b>
    </span>
  );
}
