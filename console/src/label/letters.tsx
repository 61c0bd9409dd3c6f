// Other letters for commands. Digits stay with the classes, and keys such as Enter are fixed.

import { Dialog } from "../parts/dialog";
import { DEFAULT_KEYS, isLetter, WORDS } from "./keys.ts";
import type { Command } from "./keys.ts";
import { letters, setLetters } from "./settings.ts";

const CHANGEABLE = DEFAULT_KEYS.filter(([key]) => isLetter(key));

export function LettersDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const keyOf = (command: Command, usual: string) => letters.value[command] ?? usual;
  const isTaken = (command: Command, key: string) => CHANGEABLE.some(([usual, other]) => other !== command && keyOf(other, usual) === key);
  const change = (field: HTMLInputElement, typed: string | null, command: Command, usual: string) => {
    // What was typed may stand before the letter that was there.
    const key = (typed ?? field.value).slice(-1).toLowerCase();
    if (isLetter(key) && !isTaken(command, key)) setLetters({ ...letters.value, [command]: key });
    field.value = keyOf(command, usual);
  };
  return (
    <Dialog title="Letters" isOpen={isOpen} onClose={onClose}>
      <p>Type another letter for a command. A letter that another command has cannot be taken.</p>
      <div class="letters">
        {CHANGEABLE.map(([usual, command]) => (
          <label key={command}>
            <input value={keyOf(command, usual)} size={2} autoComplete="off" onInput={(event) => change(event.currentTarget, event.data, command, usual)} />
            {WORDS[command]}
          </label>
        ))}
      </div>
      <footer>
        <button type="button" onClick={() => setLetters({})}>
          Back to the usual letters
        </button>
      </footer>
    </Dialog>
  );
}
