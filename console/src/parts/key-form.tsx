// The form that asks for both parts of a key.
import type { ComponentChildren, TargetedSubmitEvent } from "preact";
import type { KeyPair } from "../request";
import { Field } from "./field";
import { useAction } from "./load";
import { ProblemNote } from "./problem";

interface Props {
  /** What is done with the key; what it throws is shown below the fields. */
  take: (pair: KeyPair) => Promise<void>;
  button: string;
  buttonMeanwhile?: string;
  class?: string;
  /** What stands above the fields. */
  children?: ComponentChildren;
}

/** Ask for the two parts of a key. They are named so that password managers fill them in, and are kept by nobody. */
export function KeyForm({ take, button, buttonMeanwhile = button, children, ...attributes }: Props) {
  const action = useAction(take);
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    void action.run({ key: String(form.get("key")).trim(), secret: String(form.get("secret")).trim() });
  };
  return (
    <form {...attributes} onSubmit={submit}>
      {children}
      <Field label="Key" hint="The first part; it begins with lsk_.">
        {(ids) => <input {...ids} name="key" required autocomplete="username" spellcheck={false} autocapitalize="off" />}
      </Field>
      <Field label="Secret" hint="The second part; it begins with lss_.">
        {(ids) => <input {...ids} name="secret" type="password" required autocomplete="current-password" />}
      </Field>
      <ProblemNote error={action.error} />
      <button type="submit" class="primary" disabled={action.isRunning}>
        {action.isRunning ? buttonMeanwhile : button}
      </button>
    </form>
  );
}
