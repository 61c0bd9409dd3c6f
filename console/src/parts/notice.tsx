// A sentence about what has just happened, for eyes and screen readers, that goes away by itself.
import { signal } from "@preact/signals";

const SHOWN_MS = 6000;
const sentence = signal("");
let timer: ReturnType<typeof setTimeout> | undefined;

/** Say that something is done. What went wrong belongs into `<ProblemNote>`, which stays. */
export function notify(words: string): void {
  clearTimeout(timer);
  sentence.value = words;
  timer = setTimeout(() => {
    sentence.value = "";
  }, SHOWN_MS);
}

/** The place where notices appear; it stands once in the page. */
export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {sentence.value && <p>{sentence.value}</p>}
    </div>
  );
}
