// Modal dialogs: the browser's own <dialog> keeps the focus inside, and Escape closes it.
import type { ComponentChildren } from "preact";
import { signal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";

interface Props {
  title: string;
  isOpen: boolean;
  /** Called by Escape and by the button that closes. Without it the dialog stays until its owner closes it. */
  onClose?: () => void;
  children: ComponentChildren;
}

/** Show `children` above the page while `isOpen`. */
export function Dialog({ title, isOpen, onClose, children }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    if (isOpen && !element.current?.open) element.current?.showModal();
    if (!isOpen) element.current?.close();
  }, [isOpen]);
  const cancel = (event: Event) => {
    event.preventDefault();
    onClose?.();
  };
  // Whoever presses Escape twice closes it past `onCancel`; a secret that is shown once must not vanish so.
  const closed = () => {
    if (!isOpen) return;
    if (onClose) onClose();
    else element.current?.showModal();
  };
  return (
    <dialog ref={element} aria-labelledby={id} onCancel={cancel} onClose={closed}>
      {isOpen && (
        <>
          <header>
            <h2 id={id}>{title}</h2>
            {onClose && (
              <button type="button" class="plain" aria-label="Close" onClick={onClose}>
                ✕
              </button>
            )}
          </header>
          {children}
        </>
      )}
    </dialog>
  );
}

interface Question {
  title: string;
  /** What will happen. */
  words: ComponentChildren;
  /** The verb on the button. */
  action: string;
  isDangerous?: boolean;
}

/** What `confirm` asks at present; `overlays.tsx` shows it. */
export const asked = signal<(Question & { answer: (is: boolean) => void }) | null>(null);

/** Ask before something happens that cannot be undone; resolves to true when the person wants it. */
export function confirm(question: Question): Promise<boolean> {
  return new Promise((resolve) => {
    const answer = (is: boolean) => {
      asked.value = null;
      resolve(is);
    };
    asked.value = { ...question, answer };
  });
}
