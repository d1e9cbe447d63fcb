import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

// Of a row, in pixels, as in the style: higher where a finger is what points.
const HEIGHT = matchMedia("(pointer: coarse)").matches ? 40 : 28;
const BEYOND = 12; // rows that are made above and below what is seen

interface Props<T> {
  rows: readonly T[];
  row: (value: T) => ComponentChildren;
  label: string;
}

/** A list of rows of one height, of which only those are made that can be seen: headers have thousands. */
export function VirtualRows<T>({ rows, row, label }: Props<T>) {
  const element = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: 600 });
  useEffect(() => {
    const shown = element.current!;
    const look = () => setSeen({ top: shown.scrollTop, height: shown.clientHeight });
    const resizing = new ResizeObserver(look);
    resizing.observe(shown);
    shown.addEventListener("scroll", look, { passive: true });
    return () => {
      resizing.disconnect();
      shown.removeEventListener("scroll", look);
    };
  }, []);
  const first = Math.max(0, Math.floor(seen.top / HEIGHT) - BEYOND);
  const last = Math.min(rows.length, Math.ceil((seen.top + seen.height) / HEIGHT) + BEYOND);
  return (
    <div
      ref={element}
      class="virtual-rows"
      role="table"
      aria-label={label}
      aria-rowcount={rows.length}
      tabIndex={0}
    >
      <div style={{ height: `${rows.length * HEIGHT}px` }}>
        <div style={{ transform: `translateY(${first * HEIGHT}px)` }}>{rows.slice(first, last).map(row)}</div>
      </div>
    </div>
  );
}
