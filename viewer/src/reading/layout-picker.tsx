import { useId, useRef, useState } from "preact/hooks";
import { LayoutIcon } from "~/shell/icons";
import { useKeys } from "~/shell/keys";
import { placeBelow } from "~/shell/popover";
import { type Layout, MOST, type Reading } from "./reading";

const SIZES = Array.from({ length: MOST }, (_, index) => index + 1);

/** Divides the screen in 1 × 1 to 4 × 4 cells. */
export function LayoutPicker({ reading }: { reading: Reading }) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const choices = useRef<HTMLDivElement>(null);
  const [over, setOver] = useState<Layout>();
  const now = reading.layout.value;
  const marked = over ?? now;
  useKeys(() => {
    const more = (rows: number, columns: number) => () => {
      const { rows: before, columns: across } = reading.layout.peek();
      reading.redivide({ rows: before + rows, columns: across + columns });
    };
    const key = (name: string, does: string, run: () => void) => ({
      keys: [name],
      does,
      group: "Screen",
      run,
    });
    return [
      key("Shift+ArrowRight", "One column more", more(0, 1)),
      key("Shift+ArrowLeft", "One column less", more(0, -1)),
      key("Shift+ArrowDown", "One row more", more(1, 0)),
      key("Shift+ArrowUp", "One row less", more(-1, 0)),
      key("Enter", "The active cell alone, or all", () => reading.toggleAlone()),
    ];
  });
  const pick = (rows: number, columns: number) => {
    reading.redivide({ rows, columns });
    choices.current?.hidePopover();
  };
  return (
    <>
      <button
        type="button"
        ref={button}
        class="icon-button"
        popovertarget={id}
        aria-haspopup="true"
        aria-label={`Layout: ${now.rows} by ${now.columns}`}
        title="Layout (Shift and arrows)"
      >
        <LayoutIcon />
        {now.rows} × {now.columns}
      </button>
      <div
        ref={choices}
        id={id}
        popover="auto"
        class="layout-choices"
        onBeforeToggle={() => placeBelow(button.current, choices.current, 200)}
        onPointerLeave={() => setOver(undefined)}
      >
        {SIZES.flatMap((rows) =>
          SIZES.map((columns) => (
            <button
              type="button"
              key={`${rows} ${columns}`}
              aria-label={`${rows} by ${columns}`}
              class={rows <= marked.rows && columns <= marked.columns ? "is-in" : ""}
              onPointerEnter={() => setOver({ rows, columns })}
              onFocus={() => setOver({ rows, columns })}
              onClick={() => pick(rows, columns)}
            />
          )),
        )}
      </div>
    </>
  );
}
