import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";
import "./popover.css";

interface Props {
  label: ComponentChildren;
  /** Its name, where the label is a picture. */
  name?: string;
  title?: string;
  children: ComponentChildren;
}

/** A button that opens a few controls below it, over everything else; Escape and a click elsewhere close them. */
export function Popover({ label, name, title, children }: Props) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  return (
    <>
      <button
        type="button"
        ref={button}
        popovertarget={id}
        aria-haspopup="true"
        aria-label={name}
        title={title}
      >
        {label} ▾
      </button>
      <div
        ref={panel}
        id={id}
        popover="auto"
        class="controls-popover"
        onBeforeToggle={() => placeBelow(button.current, panel.current)}
      >
        {children}
      </div>
    </>
  );
}

/** Puts what opens below the button that opens it, and inside of the page. */
export function placeBelow(button: HTMLElement | null, panel: HTMLElement | null, width = 268): void {
  if (!button || !panel) return;
  const box = button.getBoundingClientRect();
  panel.style.top = `${box.bottom + 4}px`;
  panel.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width))}px`;
}
