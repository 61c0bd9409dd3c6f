// Why an image cannot be labeled.

import { useState } from "preact/hooks";
import { Dialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { FormFooter } from "../parts/form-footer";
import type { Commands } from "./commands.ts";

const USUAL = ["Out of focus", "Too dark", "Nothing can be told apart", "The picture does not show"];
const LONGEST = 200;

export function ReasonDialog({ commands }: { commands: Commands }) {
  const [reason, setReason] = useState("");
  const words = reason.trim();
  const close = () => (commands.asksReason.value = false);
  const send = (chosen: string) => {
    setReason("");
    void commands.unusable(chosen);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (words) send(words);
  };
  return (
    <Dialog title="Cannot be labeled" isOpen={commands.asksReason.value} onClose={close}>
      <form onSubmit={submit}>
        <p>The image then counts as done and has no boxes. Undo brings them back.</p>
        <p class="row">
          {USUAL.map((usual) => (
            <button type="button" key={usual} onClick={() => send(usual)}>
              {usual}
            </button>
          ))}
        </p>
        <Field label="Another reason">
          {(ids) => <input {...ids} maxLength={LONGEST} dir="auto" value={reason} onInput={(event) => setReason(event.currentTarget.value)} />}
        </Field>
        <FormFooter action="Save" isIncomplete={!words} onCancel={close} />
      </form>
    </Dialog>
  );
}
