// One field of a form: its label, a hint, and what is wrong with it.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Props {
  label: string;
  hint?: string;
  /** Gets the attributes that tie the field to its label and its hint: `{(ids) => <input {...ids} />}`. */
  children: (attributes: { id: string; "aria-describedby"?: string }) => ComponentChildren;
}

/** Show a field below its label. */
export function Field({ label, hint, children }: Props) {
  const id = useId();
  const hintId = `${id}-hint`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(hint ? { id, "aria-describedby": hintId } : { id })}
      {hint && (
        <p id={hintId} class="quiet">
          {hint}
        </p>
      )}
    </div>
  );
}
