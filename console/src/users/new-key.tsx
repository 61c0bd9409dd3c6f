// A key that was just made: its secret is shown once, and then never again.
import type { Schemas } from "../api";
import { CopyText } from "../parts/copy";
import { Dialog } from "../parts/dialog";

/** Show both parts of a new key until the person has taken them. */
export function NewKeyDialog({ made, onTaken }: { made: Schemas["CreatedApiKey"] | null; onTaken: () => void }) {
  return (
    <Dialog title="The new key" isOpen={made !== null}>
      {made && (
        <>
          <p>Copy both parts now and hand them over in a safe way. The secret is shown only here.</p>
          <p>
            <CopyText value={made.apikey} label="Key" />
          </p>
          <p>
            <CopyText value={made.apisecret} label="Secret" />
          </p>
        </>
      )}
      <footer>
        <button type="button" class="primary" onClick={onTaken}>
          I have copied both parts
        </button>
      </footer>
    </Dialog>
  );
}
