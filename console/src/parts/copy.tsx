// A value that people copy, such as a key that is shown once.
import { useRef, useState } from "preact/hooks";

/** Show a value and a button that copies it. */
export function CopyText({ value, label }: { value: string; label: string }) {
  const field = useRef<HTMLInputElement>(null);
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
    } catch {
      // Without HTTPS there is no clipboard; what is selected can be copied by Ctrl+C.
      setCopied(false);
    }
  };
  return (
    <span class="copy">
      <input ref={field} readOnly value={value} aria-label={label} onFocus={(event) => event.currentTarget.select()} />
      <button type="button" onClick={copy}>
        {isCopied ? "Copied" : "Copy"}
      </button>
    </span>
  );
}
