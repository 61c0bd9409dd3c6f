// The form that asks for both parts of a key, at first and when a session has ended in the middle of work.
import type { TargetedSubmitEvent } from "preact";
import { useAction } from "./parts/load";
import { Field } from "./parts/field";
import { ProblemNote } from "./parts/problem";
import { signIn } from "./session";

/** The form alone. */
export function SignInForm({ email = "" }: { email?: string }) {
  const action = useAction(signIn);
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    void action.run({ key: String(form.get("key")).trim(), secret: String(form.get("secret")).trim() });
  };
  return (
    <form onSubmit={submit}>
      {email && <p>Work goes on where it was, after the user {email} has signed in again.</p>}
      <Field label="Key" hint="The first part; it begins with lsk_.">
        {(ids) => <input {...ids} name="key" required autocomplete="username" spellcheck={false} autocapitalize="off" />}
      </Field>
      <Field label="Secret" hint="The second part; it begins with lss_.">
        {(ids) => <input {...ids} name="secret" type="password" required autocomplete="current-password" />}
      </Field>
      <ProblemNote error={action.error} />
      <button type="submit" class="primary" disabled={action.isRunning}>
        {action.isRunning ? "Signing in …" : "Sign in"}
      </button>
    </form>
  );
}
