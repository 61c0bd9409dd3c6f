// What stands above the page when it is wanted: a question, the sheet of keys, and sign in after a session has ended. It is loaded
// after the screen, which does not wait for it.
import { asked, Dialog } from "./parts/dialog";
import { isKeySheetOpen, keyGroups, setSingleKeys, singleKeys } from "./parts/key-sheet";
import { interrupted, signOut } from "./session";
import { SignInForm } from "./sign-in";

/** All of them; they stand once in the page. */
export default function Overlays() {
  return (
    <>
      <ConfirmDialog />
      <KeySheet />
      <Dialog title="Sign in again" isOpen={interrupted.value !== null}>
        <p>Your session has ended. Nothing on this page is lost.</p>
        <SignInForm email={interrupted.value?.email ?? ""} />
        <p>
          <button type="button" class="plain" onClick={signOut}>
            Leave without signing in
          </button>
        </p>
      </Dialog>
    </>
  );
}

function ConfirmDialog() {
  const question = asked.value;
  return (
    <Dialog title={question?.title ?? ""} isOpen={question !== null} onClose={() => question?.answer(false)}>
      <div>{question?.words}</div>
      <footer>
        <button type="button" onClick={() => question?.answer(false)}>
          Cancel
        </button>
        <button type="button" class={question?.isDangerous ? "danger" : "primary"} onClick={() => question?.answer(true)}>
          {question?.action}
        </button>
      </footer>
    </Dialog>
  );
}

function KeySheet() {
  return (
    <Dialog
      title="Keys"
      isOpen={isKeySheetOpen.value}
      onClose={() => {
        isKeySheetOpen.value = false;
      }}
    >
      {Object.entries({ ...keyGroups.value, Everywhere: [{ keys: "?", words: "Show this sheet" }] }).map(([group, rows]) => (
        <section key={group}>
          <h3>{group}</h3>
          <dl class="keys">
            {rows.map((row) => (
              <div key={row.keys}>
                <dt>
                  <kbd>{row.keys}</kbd>
                </dt>
                <dd>{row.words}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <label class="check">
        <input type="checkbox" checked={singleKeys.value} onChange={(event) => setSingleKeys(event.currentTarget.checked)} />
        Take keys without Ctrl as commands
      </label>
    </Dialog>
  );
}
