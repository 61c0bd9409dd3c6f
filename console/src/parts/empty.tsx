// What stands where there is nothing yet: what would be here, and what to do next.
import type { ComponentChildren } from "preact";

/** `title` says what is missing, `children` what to do next. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}
