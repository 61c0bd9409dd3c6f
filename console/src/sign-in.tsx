// The form that asks for both parts of a key, at first and when a session has ended in the middle of work.
import { KeyForm } from "./parts/key-form";
import { signIn } from "./session";

/** The form alone. */
export function SignInForm({ email = "" }: { email?: string }) {
  return (
    <KeyForm take={signIn} button="Sign in" buttonMeanwhile="Signing in …">
      {email && <p>Work goes on where it was, after the user {email} has signed in again.</p>}
    </KeyForm>
  );
}
