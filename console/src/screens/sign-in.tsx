// The page before sign in.
import { SignInForm } from "../sign-in";

export default function SignIn() {
  return (
    <div class="sign-in">
      <h1>Sign in to LabelAPI</h1>
      <SignInForm />
      <p class="quiet">
        Your key came from the person who runs this service, or with your campaign. It is exchanged for one that ends after 12 hours or when
        you sign out, and is not kept in this browser.
      </p>
    </div>
  );
}
