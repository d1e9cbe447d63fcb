import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import "./popover.css";

/** A button that opens a few controls below it, over everything else. */
export function Popover({ label, children }: { label: string; children: ComponentChildren }) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Else Escape would leave the page, too.
    const close = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || !panel.current?.matches(":popover-open")) return;
      event.preventDefault();
      panel.current.hidePopover();
    };
    addEventListener("keydown", close, { capture: true });
    return () => removeEventListener("keydown", close, { capture: true });
  }, []);
  const place = () => {
    const box = button.current?.getBoundingClientRect();
    if (!box || !panel.current) return;
    panel.current.style.top = `${box.bottom + 4}px`;
    panel.current.style.left = `${Math.max(4, Math.min(box.left, innerWidth - 268))}px`;
  };
  return (
    <>
      <button type="button" ref={button} popovertarget={id} aria-haspopup="true">
        {label} ▾
      </button>
      <div ref={panel} id={id} popover="auto" class="controls-popover" onBeforeToggle={place}>
        {children}
      </div>
    </>
  );
}
