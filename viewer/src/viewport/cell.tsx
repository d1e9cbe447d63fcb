import type { ComponentType } from "preact";
import type { Content, Reading } from "~/reading/reading";
import { Boundary } from "~/shell/boundary";
import { volumeComponent } from "~/volumes/cells";
import { ImageCell } from "./image-cell";

export interface CellProps {
  reading: Reading;
  index: number;
  content: Content;
}

/** What shows a content. Parts of the viewer add theirs. */
function componentFor(content: Content): ComponentType<CellProps> {
  return volumeComponent(content.as) ?? ImageCell;
}

/** One cell of the grid: whatever shows its content. */
export function Cell({
  reading,
  index,
  content,
}: {
  reading: Reading;
  index: number;
  content: Content | undefined;
}) {
  const Shown = content && componentFor(content);
  const activate = () => {
    reading.active.value = index;
  };
  return (
    <section
      class="cell"
      data-cell={index}
      aria-label={`Cell ${index + 1}`}
      aria-current={reading.active.value === index}
      onPointerDown={activate}
      onFocusIn={activate}
    >
      {Shown && (
        <Boundary key={`${content.series.uid} ${content.as} ${content.fused?.uid ?? ""}`}>
          <Shown reading={reading} index={index} content={content} />
        </Boundary>
      )}
    </section>
  );
}
