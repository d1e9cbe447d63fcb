import { Enums } from "@cornerstonejs/core";
import { effect, untracked } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { resize } from "~/imaging/resizing";
import { toolOf } from "~/measuring/kinds";
import { measurementsOf } from "~/measuring/page";
import { Failure } from "~/shell/boundary";
import { useKeys } from "~/shell/keys";
import type { CellProps } from "~/viewport/cell";
import { primaryTool } from "~/viewport/mouse";
import { openVolume } from "./open-volume";
import { PlaneMarks } from "./plane-marks";
import { PlaneOverlays } from "./plane-overlays";
import { joinPlane, leavePlane, recentre, setPrimary } from "./plane-tools";
import { PlaneView } from "./plane-view";
import { onSlices } from "./series-volume";
import { type Plane, type Volumes, volumesOf } from "./state";
import { registerColours } from "./uptake-colours";
import "./volumes.css";

/** A cell that shows a plane of a volume. */
export function PlaneCell({ reading, index, content }: CellProps) {
  const element = useRef<HTMLDivElement>(null);
  const [error, setError] = useState<unknown>();
  const [view, setView] = useState<PlaneView>();
  const volumes = volumesOf(reading);
  const plane = content.as as Plane;
  useEffect(() => {
    const ends: (() => void)[] = [];
    let gone = false;
    const finish = () => {
      for (const end of ends.splice(0)) end();
    };
    async function begin() {
      const opened = await openVolume(volumes, content.study, content.series);
      ends.push(opened.release);
      const above = content.fused && (await openVolume(volumes, content.study, content.fused));
      if (above) ends.push(above.release);
      if (gone || !element.current) return finish();
      registerColours();
      const shown = element.current;
      // The right button zooms.
      shown.addEventListener("contextmenu", (event) => event.preventDefault());
      const id = `cell-${index}`;
      const made = await PlaneView.open(id, shown, plane, opened, above?.volume);
      ends.push(() => made.close());
      if (gone) return finish();
      joinPlane(id, opened.engine.id, plane, measurementsOf(reading));
      ends.unshift(() => leavePlane(id, opened.engine.id));
      ends.push(...follow(made, volumes, shown));
      const resizing = new ResizeObserver(() => resize(opened.engine));
      resizing.observe(shown);
      ends.push(() => resizing.disconnect());
      setView(made);
    }
    begin().catch((reason) => (gone ? finish() : setError(reason)));
    return () => {
      gone = true;
      finish();
    };
  }, []);
  const isActive = reading.active.value === index;
  useKeys(() => (isActive && view ? scrollKeys(view) : []), [isActive, view]);
  if (error) return <Failure error={error} />;
  return (
    <div class="plane">
      <div ref={element} class="viewport" data-plane={plane} />
      {view && element.current && (
        <>
          <PlaneMarks view={view} plane={plane} element={element.current} volumes={volumes} />
          <PlaneOverlays reading={reading} study={content.study} view={view} element={element.current} />
        </>
      )}
    </div>
  );
}

/** Lets the view follow the state, and the state the view. */
function follow(view: PlaneView, volumes: Volumes, element: HTMLDivElement): (() => void)[] {
  const { volumeId } = view.volume;
  const drawn = () => {
    // What tests, and nobody else, wait for.
    element.dataset.drawn = "true";
    element.dataset.slab = String(volumes.slab.peek());
    element.dataset.fusion = view.fused ? `${volumes.colours.peek()} ${volumes.opacity.peek()}` : "";
  };
  const windowed = () => {
    const { window } = view;
    const known = volumes.windows.peek();
    if (!window || (known[volumeId]?.lower === window.lower && known[volumeId]?.upper === window.upper))
      return;
    volumes.windows.value = { ...known, [volumeId]: window };
  };
  const moved = () => {
    const slice = view.acquired;
    if (slice !== undefined) view.volume.hasten(slice);
  };
  const come = () => {
    const { state, grid } = view.volume;
    element.dataset.loaded = state.come + state.failed === grid.imageIds.length ? "true" : "false";
  };
  come();
  const events: [string, () => void][] = [
    [Enums.Events.IMAGE_RENDERED, drawn],
    [Enums.Events.VOI_MODIFIED, windowed],
    [Enums.Events.CAMERA_MODIFIED, moved],
  ];
  for (const [name, run] of events) element.addEventListener(name, run);
  let resets = volumes.resets.peek();
  return [
    ...events.map(
      ([name, run]) =>
        () =>
          element.removeEventListener(name, run),
    ),
    onSlices(view.volume, come),
    effect(() => view.setSlab(volumes.slab.value, volumes.blend.value)),
    effect(() => {
      const window = volumes.windows.value[volumeId];
      if (window) view.setWindow(window);
    }),
    effect(() => view.setFused(volumes.colours.value, volumes.opacity.value, volumes.uptake.value)),
    effect(() => setPrimary(volumes.primary.value, toolOf(primaryTool.value))),
    effect(() => {
      if (volumes.resets.value === resets) return;
      resets = volumes.resets.value;
      untracked(() => {
        view.reset();
        view.setSlab(0, "largest");
        recentre();
      });
    }),
  ];
}

const scrollKeys = (view: PlaneView) => {
  const key = (keys: string[], does: string, slices: number) => ({
    keys,
    does,
    group: "Volumes",
    run: () => view.scroll(slices),
  });
  return [
    key(["ArrowDown", "ArrowRight"], "Next slice of the plane", 1),
    key(["ArrowUp", "ArrowLeft"], "Slice before", -1),
    key(["PageDown"], "Ten slices on", 10),
    key(["PageUp"], "Ten slices back", -10),
  ];
};
