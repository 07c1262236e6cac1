import type { ComponentChildren } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';

type QuestionProps = {
  /** What the button that asks looks like and says. */
  readonly look: string;
  readonly label: ComponentChildren;
  readonly question: string;
  readonly yes: string;
  readonly no: string;
  readonly busy: boolean;
  readonly onYes: () => void;
};

/**
 * A button for what cannot be taken back: it asks first. The browser's own modal dialog keeps everything else from being pressed, gives the
 * focus to the answer that changes nothing, closes with Escape, and gives the focus back.
 */
export function Question({ look, label, question, yes, no, busy, onYes }: QuestionProps) {
  const [asking, setAsking] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  const words = useId();
  const open = (element: HTMLDialogElement | null): void => {
    dialog.current = element;
    if (element !== null && !element.open) element.showModal();
  };
  const answer = (): void => {
    dialog.current?.close();
    onYes();
  };
  return (
    <>
      <button type="button" class={`button ${look}`} disabled={busy} aria-haspopup="dialog" onClick={() => setAsking(true)}>
        {label}
      </button>
      {asking ? (
        <dialog ref={open} class="card question" role="alertdialog" aria-labelledby={words} onClose={() => setAsking(false)}>
          <p id={words}>{question}</p>
          <div class="row">
            <button type="button" class="button" autofocus onClick={() => dialog.current?.close()}>
              {no}
            </button>
            <button type="button" class="button button-danger" onClick={answer}>
              {yes}
            </button>
          </div>
        </dialog>
      ) : null}
    </>
  );
}
