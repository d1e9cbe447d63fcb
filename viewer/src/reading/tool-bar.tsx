import { useEffect, useId, useRef } from "preact/hooks";
import { placeBelow } from "~/shell/popover";
import { type Part, TOOLS } from "./parts";
import type { Reading } from "./reading";

export function ToolBar({ reading }: { reading: Reading }) {
  return (
    <div class="tool-bar" role="toolbar" aria-label="Tools">
      {TOOLS.map((part) =>
        part.folds ? (
          <FoldedGroup key={part.id} part={part} reading={reading} />
        ) : (
          <fieldset key={part.id} class="tool-group" aria-label={part.title}>
            <part.component reading={reading} />
          </fieldset>
        ),
      )}
    </div>
  );
}

interface GroupProps {
  part: Part;
  reading: Reading;
}

/**
 * A group that is a button with a menu where the page is narrow, by its style alone: it stays the same, since keys
 * and what was measured live as long as it does.
 */
function FoldedGroup({ part: { title, component: Group, folds }, reading }: GroupProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const group = useRef<HTMLFieldSetElement>(null);
  useEffect(() => {
    const chosen = (event: Event) => {
      const isTool = (event.target as Element).closest("[aria-pressed]");
      if (isTool && group.current?.matches(":popover-open")) group.current.hidePopover();
    };
    if (folds === "until chosen") group.current?.addEventListener("click", chosen);
  }, []);
  return (
    <div class="folds">
      <button type="button" ref={button} class="fold-button" popovertarget={id} aria-haspopup="true">
        {title} ▾
      </button>
      <fieldset
        ref={group}
        id={id}
        popover="auto"
        class="tool-group"
        aria-label={title}
        onBeforeToggle={() => placeBelow(button.current, group.current, 358)}
      >
        <Group reading={reading} />
      </fieldset>
    </div>
  );
}
