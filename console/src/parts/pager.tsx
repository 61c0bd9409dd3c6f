// From page to page of a list.
import type { Schemas } from "../api";
import { formatCount } from "./progress";

interface Props {
  pagination: Schemas["Pagination"];
  onPage: (page: number) => void;
}

/** Show which page it is, and buttons to the others; nothing when there is one page, or when the list was read by `after`. */
export function Pager({ pagination, onPage }: Props) {
  const { page, pages, total } = pagination;
  if (page === null || pages === null || pages <= 1) return null;
  return (
    <nav class="pager" aria-label="Pages">
      <button type="button" disabled={page <= 1} onClick={() => onPage(page - 1)}>
        Previous
      </button>
      <span>
        Page {formatCount(page)} of {formatCount(pages)}
        {total !== null && ` (${formatCount(total)} in all)`}
      </span>
      <button type="button" disabled={page >= pages} onClick={() => onPage(page + 1)}>
        Next
      </button>
    </nav>
  );
}
