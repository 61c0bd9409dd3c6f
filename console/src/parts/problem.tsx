// An error in words, with what to do about it.
import { Problem } from "../problem";

interface Props {
  error: Error | null;
  /** Shows a button that tries again. */
  retry?: () => unknown;
}

/** Say what went wrong; nothing without an error. */
export function ProblemNote({ error, retry }: Props) {
  if (!error) return null;
  const problem = error instanceof Problem ? error : null;
  return (
    <div class="note note-problem" role="alert">
      <p>{error.message}</p>
      {problem && problem.faults.length > 0 && (
        <ul>
          {problem.faults.map((fault) => (
            <li key={`${fault.pointer} ${fault.parameter} ${fault.detail}`}>
              <code>{fault.pointer ?? fault.parameter}</code> {fault.detail}
            </li>
          ))}
        </ul>
      )}
      {problem && problem.status >= 500 && problem.requestId && (
        <p class="quiet">
          Quote <code>{problem.requestId}</code> when you report this.
        </p>
      )}
      {retry && (
        <button type="button" onClick={() => void retry()}>
          Try again
        </button>
      )}
    </div>
  );
}
