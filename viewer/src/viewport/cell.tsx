import type { ComponentType } from "preact";
import { useState } from "preact/hooks";
import { CellHeading } from "~/comparing/study-mark";
import { SERIES_DRAG } from "~/reading/dragging";
import type { Content, Reading } from "~/reading/reading";
import type { Kind } from "~/server/study";
import { Boundary, Retrying } from "~/shell/boundary";
import { lazy } from "~/shell/lazy";
import { volumeComponent } from "~/volumes/cells";
import { Whose } from "./corners";
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
  contours: lazy(async () => (await import("~/documents/other-cell")).OtherCell),
  presentation: lazy(async () => (await import("~/documents/other-cell")).OtherCell),
  other: lazy(async () => (await import("~/documents/other-cell")).OtherCell),
};

const componentFor = ({ series, as }: Content): ComponentType<CellProps> =>
  volumeComponent(as) ?? BY_KIND[series.kind] ?? ImageCell;

/** One cell of the grid: whatever shows its content. Series are dropped on it, a double click gives it the screen. */
export function Cell({
  reading,
  index,
  content,
}: {
  reading: Reading;
  index: number;
  content: Content | undefined;
}) {
  const [isOver, setOver] = useState(false);
  const [tries, setTries] = useState(0);
  const Shown = content && componentFor(content);
  const activate = () => {
    reading.active.value = index;
  };
  const { alone } = reading;
  const study = content && reading.studies.value.length > 1 && reading.studyOf(content);
  return (
    <section
      class={isOver ? "cell is-over" : "cell"}
      data-cell={index}
      tabIndex={0}
      aria-label={`Cell ${index + 1}${content ? `: ${titleOf(content)}` : ", empty"}`}
      aria-current={reading.active.value === index}
      hidden={alone.value !== undefined && alone.value !== index}
      onPointerDown={activate}
      onFocusIn={activate}
      onDblClick={(event) => {
        if (!(event.target as Element).closest("button, input, select, .slider")) reading.toggleAlone(index);
      }}
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes(SERIES_DRAG)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        setOver(false);
        const dropped = reading.contentOf(event.dataTransfer?.getData(SERIES_DRAG) ?? "");
        if (!dropped) return;
        event.preventDefault();
        activate();
        reading.show(dropped, index);
      }}
    >
      {Shown ? (
        <>
          {study && <CellHeading reading={reading} study={study} />}
          <div class="cell-body">
            <Retrying.Provider value={() => setTries(tries + 1)}>
              <Boundary key={[...keyOf(content), tries].join(" ")}>
                <Shown reading={reading} index={index} content={content} />
              </Boundary>
            </Retrying.Provider>
            {content.as !== "stack" && <Whose reading={reading} content={content} />}
          </div>
        </>
      ) : (
        <Empty reading={reading} />
      )}
    </section>
  );
}

const Empty = ({ reading }: { reading: Reading }) =>
  reading.isHung.value ? (
    <p class="empty">Drag a series here, or choose one at the left</p>
  ) : (
    <div class="empty">
      <div class="loading" role="status" aria-label="Loading" />
    </div>
  );

/** What of a content makes it another one. */
const keyOf = ({ series, as, fused, instance, image }: Content) => [
  series.uid,
  as,
  fused?.uid,
  instance,
  image,
];

const titleOf = ({ series }: Content): string =>
  [series.Modality, series.SeriesDescription ?? series.ProtocolName].filter(Boolean).join(" ");
