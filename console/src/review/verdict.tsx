// What a reviewer says of an image: accept it, or reject it with words for the labelers.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Schemas } from "../api";
import { Field } from "../parts/field";
import { takesSingleKey, useKeySheet } from "../parts/key-sheet";
import { useAction } from "../parts/load";
import { ProblemNote } from "../parts/problem";
import { StateTag } from "../parts/tags";
import { Time } from "../parts/time";

type Review = Schemas["Review"];

interface VerdictProps {
  review: Review;
  /** Null while a verdict can be given, else why none can be given. */
  whyNot: string | null;
  onDecide: (verdict: Schemas["Verdict"], comment: string | null) => Promise<void>;
  onNext: () => Promise<void>;
}

const KEYS = [
  { keys: "Y", words: "Accept the labels" },
  { keys: "X", words: "Reject the labels, with a comment" },
  { keys: "E", words: "Go to the next image without a verdict" },
];

export function VerdictPanel({ review, whyNot, onDecide, onNext }: VerdictProps) {
  const [isRejecting, setRejecting] = useState(false);
  const comment = useRef<HTMLTextAreaElement>(null);
  const next = useAction(onNext);
  const give = useAction(async (verdict: Schemas["Verdict"], words: string | null) => {
    await onDecide(verdict, words);
    setRejecting(false);
  });
  useKeySheet("Review", KEYS);
  useEffect(() => {
    if (isRejecting) comment.current?.focus();
  }, [isRejecting]);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || !takesSingleKey(event)) return;
      const key = event.key.toLowerCase();
      if (key === "e") void next.run();
      else if (key === "y" && !whyNot) void give.run("accepted", null);
      else if (key === "x" && !whyNot) setRejecting(true);
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  });
  const reject = (event: Event) => {
    event.preventDefault();
    const words = comment.current?.value.trim();
    if (words) void give.run("rejected", words);
  };
  return (
    <section class="verdict" aria-labelledby="verdict">
      <h2 id="verdict">Verdict</h2>
      {review ? <Given review={review} /> : <p class="quiet">There is none yet.</p>}
      {whyNot && <p class="quiet">{whyNot}</p>}
      {!whyNot && !isRejecting && (
        <div class="row">
          <button type="button" class="primary" disabled={give.isRunning} onClick={() => void give.run("accepted", null)}>
            Accept <kbd>Y</kbd>
          </button>
          <button type="button" class="danger" disabled={give.isRunning} onClick={() => setRejecting(true)}>
            Reject … <kbd>X</kbd>
          </button>
        </div>
      )}
      {isRejecting && (
        <form onSubmit={reject}>
          <Field label="What is wrong" hint="The labelers read this. Ctrl+Enter sends it.">
            {(ids) => (
              <textarea
                {...ids}
                ref={comment}
                rows={4}
                maxLength={1000}
                required
                onKeyDown={(event) => {
                  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) reject(event);
                  if (event.key === "Escape") setRejecting(false);
                }}
              />
            )}
          </Field>
          <div class="row">
            <button type="submit" class="danger" disabled={give.isRunning}>
              Reject
            </button>
            <button type="button" onClick={() => setRejecting(false)}>
              Cancel
            </button>
          </div>
        </form>
      )}
      <ProblemNote error={give.error} />
      <p class="row">
        <button type="button" disabled={next.isRunning} onClick={() => void next.run()}>
          Next undecided <kbd>E</kbd>
        </button>
      </p>
      <ProblemNote error={next.error} />
    </section>
  );
}

function Given({ review }: { review: NonNullable<Review> }) {
  return (
    <p>
      <StateTag state={review.verdict} /> <Time at={review.date_created} />
      {review.created_by && ` by ${review.created_by}`}
      {review.comment && (
        <>
          : <q>{review.comment}</q>
        </>
      )}
    </p>
  );
}
