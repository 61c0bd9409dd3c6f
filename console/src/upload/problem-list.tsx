// Files of an image set with a problem: try them again, or give them up.
import { useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { confirm } from "../parts/dialog";
import { useAction, useLoad } from "../parts/load";
import { notify } from "../parts/notice";
import { Pager } from "../parts/pager";
import { ProblemNote } from "../parts/problem";
import { formatCount } from "../parts/progress";
import { Table } from "../parts/table";
import { Time } from "../parts/time";
import { Link } from "../router";
import { isAdmin } from "../session";

type Problem = Schemas["ImageSetProblem"];

const PER_PAGE = 50;
const KINDS: Record<string, string> = {
  copy_failed: "not copied",
  name_taken: "name taken",
  unreadable: "unreadable",
  truncated: "cut off",
  duplicate: "duplicate",
};

export function ProblemList({ set, reload }: { set: Schemas["ImageSet"]; reload: () => Promise<void> }) {
  const count = set.ingest?.problems ?? 0;
  const [page, setPage] = useState(1);
  const path = { imageset_id: set.imageset_id };
  const problems = useLoad(
    () => data(api.GET("/image_sets/{imageset_id}/problems", { params: { path, query: { page, per_page: PER_PAGE } } })),
    [set.imageset_id, page, count, set.ingest?.state],
  );
  const retry = useAction(async (names?: string[]) => {
    await data(api.POST("/image_sets/{imageset_id}/problems/retry", { params: { path }, body: names ? { names } : {} }));
    notify("They are tried again.");
    await reload();
  });
  const drop = useAction(async (names?: string[]) => {
    if (!(await confirm(dropQuestion(names)))) return;
    await data(api.POST("/image_sets/{imageset_id}/problems/drop", { params: { path }, body: names ? { names } : {} }));
    notify("They are given up.");
    setPage(1);
    await Promise.all([reload(), problems.reload()]);
  });
  if (!count) return null;
  const isAtWork = set.ingest?.state === "queued" || set.ingest?.state === "running";
  const buttons = (names?: string[]) => (
    <span class="row">
      <button type="button" disabled={isAtWork || retry.isRunning} onClick={() => void retry.run(names)}>
        {names ? "Retry" : "Retry all"}
      </button>
      <button type="button" class="danger" disabled={isAtWork || drop.isRunning} onClick={() => void drop.run(names)}>
        {names ? "Drop" : "Drop all"}
      </button>
    </span>
  );
  const columns = [...COLUMNS, ...(isAdmin.value ? [{ heading: "What to do", cell: (problem: Problem) => buttons([problem.name]) }] : [])];
  return (
    <section aria-labelledby="problems-heading">
      <h2 id="problems-heading">
        {formatCount(count)} {count === 1 ? "problem" : "problems"}
      </h2>
      {isAdmin.value && buttons()}
      <ProblemNote error={retry.error ?? drop.error ?? problems.error} />
      {problems.data && (
        <>
          <Table caption="Problems" columns={columns} rows={problems.data.problems} rowKey={(problem) => problem.problem_id} />
          <Pager pagination={problems.data.pagination} onPage={setPage} />
        </>
      )}
    </section>
  );
}

const COLUMNS = [
  { heading: "File", isName: true, cell: (problem: Problem) => <FileName problem={problem} /> },
  { heading: "Kind", cell: (problem: Problem) => KINDS[problem.kind] ?? problem.kind },
  { heading: "What is wrong", cell: (problem: Problem) => problem.message },
  { heading: "Since", cell: (problem: Problem) => <Time at={problem.date_created} /> },
];

function FileName({ problem }: { problem: Problem }) {
  const name = <bdi class="path">{problem.name}</bdi>;
  return problem.image_id === null ? name : <Link to={`/images/${problem.image_id}`}>{name}</Link>;
}

function dropQuestion(names?: string[]) {
  return {
    title: names ? `Drop ${names[0]}?` : "Drop all files with problems?",
    words: (
      <p>
        Files that were not ingested are deleted with the dropbox. Images with a fault are withdrawn: they leave all campaigns, and their files are
        deleted. This cannot be undone.
      </p>
    ),
    action: "Drop",
    isDangerous: true,
  };
}
