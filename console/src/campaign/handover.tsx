// The key of a labeler or reviewer, shown once, to be passed on.
import { useState } from "preact/hooks";
import { root } from "../address";
import type { Schemas } from "../api";
import { CopyText } from "../parts/copy";
import { Dialog } from "../parts/dialog";

/** Whose key it is, and the key; the secret is null if the user had a usable key before. */
export type NewKey = Schemas["AccessToken"] & { email: string };

/** Show a new key. The dialog stays until its owner says that the secret is kept, because it cannot be shown again. */
export function Handover({ newKey, onClose }: { newKey: NewKey | null; onClose: () => void }) {
  const [isKept, setKept] = useState(false);
  const close = () => {
    setKept(false);
    onClose();
  };
  if (!newKey) return null;
  const { email, apikey, apisecret } = newKey;
  return (
    <Dialog title={apisecret ? "The key of the new member" : "The member has a key"} isOpen {...(apisecret ? {} : { onClose: close })}>
      {apisecret ? (
        <>
          <p>
            <strong>The secret is shown only now.</strong> Pass both parts on to <bdi>{email}</bdi> in a safe way. They sign in with them at{" "}
            <code>{root.href}</code>.
          </p>
          <p>Key</p>
          <CopyText label="Key" value={apikey} />
          <p>Secret</p>
          <CopyText label="Secret" value={apisecret} />
          <label class="check">
            <input type="checkbox" checked={isKept} onChange={(event) => setKept(event.currentTarget.checked)} />I have copied both parts
          </label>
        </>
      ) : (
        <p>
          <bdi>{email}</bdi> has a usable key already, {apikey}, and goes on with it. If its secret is lost, make another key on the page of the user.
        </p>
      )}
      <footer>
        <button type="button" class="primary" disabled={apisecret !== null && !isKept} onClick={close}>
          Go on
        </button>
      </footer>
    </Dialog>
  );
}
