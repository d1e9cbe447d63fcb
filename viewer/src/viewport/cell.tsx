import type { ComponentType } from "preact";
import type { Content, Reading } from "~/reading/reading";
import type { Kind } from "~/server/study";
import { Boundary } from "~/shell/boundary";
import { lazy } from "~/shell/lazy";
import { volumeComponent } from "~/volumes/cells";
import { ImageCell } from "./image-cell";

export interface CellProps {
  reading: Reading;
  index: number;
  content: Content;
}

/** What shows a series, by its kind; images are what the others are not. Parts of the viewer add theirs. */
const BY_KIND: Partial<Record<Kind, ComponentType<CellProps>>> = {
  video: lazy(async () => (await import("~/documents/video-cell")).VideoCell),
  document: lazy(async () => (await import("~/documents/pdf-cell")).DocumentCell),
  report: lazy(async () => (await import("~/documents/report-cell")).ReportCell),
  "key-objects": lazy(async () => (await import("~/documents/report-cell")).ReportCell),
  waveform: lazy(async () => (await import("~/documents/waveform-cell")).WaveformCell),
  other: lazy(async () => (await import("~/documents/other-cell")).OtherCell),
};

const componentFor = (content: Content): ComponentType<CellProps> =>
  volumeComponent(content.as) ?? BY_KIND[content.series.kind] ?? ImageCell;

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
