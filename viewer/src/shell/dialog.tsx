import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  title: string;
  onClose: () => void;
  /** Asked before Escape or × closes it: what is under way may have to end first. */
  mayClose?: () => boolean;
  children: ComponentChildren;
  wide?: boolean;
}

/** A dialog of the browser's own kind: it holds the focus, Escape closes it, and what is behind is inert. */
export function Dialog({ title, onClose, mayClose = () => true, children, wide = false }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const isOver = useRef(false);
  useEffect(() => {
    const shown = element.current!;
    shown.showModal();
    return () => {
      isOver.current = true;
      // Else the focus does not go back to where it was.
      shown.close();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class={wide ? "wide" : ""}
      aria-label={title}
      onCancel={(event) => mayClose() || event.preventDefault()}
      onClose={() => isOver.current || onClose()}
    >
      <header>
        <h2>{title}</h2>
        <button type="button" aria-label="Close" onClick={() => mayClose() && element.current?.close()}>
          ×
        </button>
      </header>
      <div class="content">{children}</div>
    </dialog>
  );
}
