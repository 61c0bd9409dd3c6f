// The last line of a form in a dialog: leave it, or submit it.
interface Props {
  /** The verb on the button that submits the form. */
  action: string;
  /** What stands there while the request runs. */
  actionMeanwhile?: string;
  /** The request runs: it cannot be sent a second time. */
  isRunning?: boolean;
  /** Something is missing in the form. */
  isIncomplete?: boolean;
  isDangerous?: boolean;
  onCancel: () => void;
}

export function FormFooter({ action, actionMeanwhile = action, isRunning = false, isIncomplete = false, isDangerous = false, onCancel }: Props) {
  return (
    <footer>
      <button type="button" onClick={onCancel}>
        Cancel
      </button>
      <button type="submit" class={isDangerous ? "danger" : "primary"} disabled={isRunning || isIncomplete}>
        {isRunning ? actionMeanwhile : action}
      </button>
    </footer>
  );
}
