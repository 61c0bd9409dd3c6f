// Who changed users, roles, keys, links and statuses, newest first.
import type { TargetedEvent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { Empty } from "../parts/empty";
import { useLoad } from "../parts/load";
import { Pager } from "../parts/pager";
import { ProblemNote } from "../parts/problem";
import { type Column, Table } from "../parts/table";
import { Time } from "../parts/time";
import { type ScreenProps, setQuery } from "../router";

type Entry = Schemas["AuditEntry"];
type Query = { page: number; per_page: number; user?: string; from?: string; to?: string };
const PER_PAGE = 50;

const columns: Column<Entry>[] = [
  { heading: "When", cell: (entry) => <Time at={entry.date_created} isExact /> },
  { heading: "What", isName: true, cell: (entry) => entry.action.replaceAll("_", " ") },
  { heading: "Of", cell: (entry) => `${entry.subject.type.replaceAll("_", " ")} ${entry.subject.id}` },
  { heading: "Who", cell: (entry) => entry.user?.email ?? (entry.os_user ? `${entry.os_user} (command line)` : "") },
  { heading: "From where", cell: (entry) => entry.address ?? "" },
  { heading: "Details", cell: (entry) => <Details details={entry.details} /> },
];

export default function Audit({ query }: ScreenProps) {
  const filters = { user: query.get("user") ?? "", from: query.get("from") ?? "", to: query.get("to") ?? "" };
  const page = Number(query.get("page")) || 1;
  const loading = useLoad(() => findEntries(page, filters), [page, filters.user, filters.from, filters.to]);
  const entries = loading.data?.audit;
  return (
    <>
      <h1>Audit</h1>
      <div class="bar" role="search">
        <FilterField label="User (e-mail address or number)" name="user" value={filters.user} />
        <FilterField label="From" name="from" value={filters.from} isDay />
        <FilterField label="Before" name="to" value={filters.to} isDay />
      </div>
      <ProblemNote error={loading.error} retry={loading.reload} />
      {entries?.length === 0 && (
        <Empty title="Nothing was changed here">
          <p>Choose another user or other days.</p>
        </Empty>
      )}
      {entries && entries.length > 0 && <Table caption="Audit" columns={columns} rows={entries} rowKey={(entry) => entry.audit_id} />}
      {loading.data && <Pager pagination={loading.data.pagination} onPage={(next) => setQuery({ page: String(next) })} />}
    </>
  );
}

function FilterField({ label, name, value, isDay = false }: { label: string; name: string; value: string; isDay?: boolean }) {
  // The field keeps what is typed while the list is read again; the address changes when the field is left or Enter is pressed.
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);
  const input = (event: TargetedEvent<HTMLInputElement>) => setDraft(event.currentTarget.value);
  const change = (event: TargetedEvent<HTMLInputElement>) => setQuery({ [name]: event.currentTarget.value, page: null });
  const field = { value: draft, onInput: input, onChange: change };
  return (
    <label>
      <span class="quiet">{label}</span>
      <br />
      {isDay ? <input type="date" {...field} /> : <input {...field} />}
    </label>
  );
}

function Details({ details }: { details: Entry["details"] }) {
  const rows = Object.entries(details);
  if (rows.length === 0) return null;
  return (
    <details>
      <summary>Show</summary>
      <ul>
        {rows.map(([name, value]) => (
          <li key={name}>
            {name.replaceAll("_", " ")}: {typeof value === "string" ? value : JSON.stringify(value)}
          </li>
        ))}
      </ul>
    </details>
  );
}

function findEntries(page: number, filters: { user: string; from: string; to: string }) {
  const query: Query = { page, per_page: PER_PAGE };
  for (const name of ["user", "from", "to"] as const) {
    if (filters[name]) query[name] = filters[name];
  }
  return data(api.GET("/audit", { params: { query } }));
}
