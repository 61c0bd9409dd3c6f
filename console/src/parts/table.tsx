// A table of rows, each with a key.
import type { ComponentChildren } from "preact";

/** One column: its heading, and the cell of a row. */
export interface Column<R> {
  heading: string;
  cell: (row: R) => ComponentChildren;
  /** Numbers stand at the right. */
  isNumber?: boolean;
  /** The cell names the row for screen readers. */
  isName?: boolean;
}

interface Props<R> {
  /** What the table lists, for screen readers. */
  caption: string;
  columns: Column<R>[];
  rows: R[];
  rowKey: (row: R) => string | number;
}

/** Show rows; on a narrow page the table scrolls by itself. */
export function Table<R>({ caption, columns, rows, rowKey }: Props<R>) {
  return (
    // A region that scrolls must be reachable by keyboard (WCAG 2.1.1).
    <div class="table-scroll" role="region" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.heading} scope="col" class={column.isNumber ? "number" : ""}>
                {column.heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>{columns.map((column) => cellOf(column, row))}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function cellOf<R>(column: Column<R>, row: R) {
  const content = column.cell(row);
  if (column.isName) {
    return (
      <th key={column.heading} scope="row">
        {content}
      </th>
    );
  }
  return (
    <td key={column.heading} class={column.isNumber ? "number" : ""}>
      {content}
    </td>
  );
}
