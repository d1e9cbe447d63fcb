import { cache, Enums, eventTarget } from "@cornerstonejs/core";
import { useEffect, useRef, useState } from "preact/hooks";
import type { StackView } from "./view";

const { IMAGE_CACHE_IMAGE_ADDED, IMAGE_CACHE_IMAGE_REMOVED } = Enums.Events;

/** The runs of images of a stack that are there: from, and behind the last. */
function runsOf(imageIds: readonly string[]): [number, number][] {
  const runs: [number, number][] = [];
  imageIds.forEach((imageId, index) => {
    if (!cache.isLoaded(imageId)) return;
    const last = runs.at(-1);
    if (last?.[1] === index) last[1] = index + 1;
    else runs.push([index, index + 1]);
  });
  return runs;
}

/** Which images have come, looked up at most four times a second. */
function useRuns(imageIds: readonly string[]): [number, number][] {
  const [runs, setRuns] = useState<[number, number][]>(() => runsOf(imageIds));
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setRuns(runsOf(imageIds));
      }, 250);
    };
    eventTarget.addEventListener(IMAGE_CACHE_IMAGE_ADDED, look);
    eventTarget.addEventListener(IMAGE_CACHE_IMAGE_REMOVED, look);
    return () => {
      clearTimeout(timer);
      eventTarget.removeEventListener(IMAGE_CACHE_IMAGE_ADDED, look);
      eventTarget.removeEventListener(IMAGE_CACHE_IMAGE_REMOVED, look);
    };
  }, [imageIds]);
  return runs;
}

/** Where one is in a stack, at the right side of the cell: to be dragged, and brighter where images have come. */
export function Slider({ view }: { view: StackView }) {
  const track = useRef<HTMLDivElement>(null);
  const runs = useRuns(view.imageIds);
  const count = view.imageIds.length;
  if (count < 2) return null;
  const to = (event: PointerEvent) => {
    const box = track.current!.getBoundingClientRect();
    view.cine.stop();
    view.show(Math.round(((event.clientY - box.top) / box.height) * (count - 1)));
  };
  const now = view.wanted.value;
  const loaded = runs.reduce((sum, [from, end]) => sum + end - from, 0);
  return (
    <div
      ref={track}
      class="slider"
      role="slider"
      tabIndex={0}
      aria-label="Image"
      aria-orientation="vertical"
      aria-valuemin={1}
      aria-valuemax={count}
      aria-valuenow={now + 1}
      aria-valuetext={`image ${now + 1} of ${count}`}
      data-loaded={loaded}
      onPointerDown={(event) => {
        track.current!.setPointerCapture(event.pointerId);
        to(event);
      }}
      onPointerMove={(event) => track.current!.hasPointerCapture(event.pointerId) && to(event)}
    >
      {runs.map(([from, end]) => (
        <i
          key={from}
          class="loaded"
          style={{ top: `${(from / count) * 100}%`, height: `${((end - from) / count) * 100}%` }}
        />
      ))}
      <i class="thumb" style={{ top: `${(now / (count - 1)) * 100}%` }} />
    </div>
  );
}
