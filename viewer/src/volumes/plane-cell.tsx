import { Enums } from "@cornerstonejs/core";
import { effect, untracked } from "@preact/signals";
import { toolOf } from "~/measuring/kinds";
import { measurementsOf } from "~/measuring/page";
import { Failure } from "~/shell/boundary";
import { useKeys } from "~/shell/keys";
import type { CellProps } from "~/viewport/cell";
import { primaryTool } from "~/viewport/mouse";
import { PlaneMarks } from "./plane-marks";
import { PlaneOverlays } from "./plane-overlays";
import { joinPlane, leavePlane, recentre, setPrimary } from "./plane-tools";
import { PlaneView } from "./plane-view";
import { type Plane, type Volumes, volumesOf } from "./state";
import { registerColours } from "./uptake-colours";
import { useVolume } from "./use-volume";
import "./volumes.css";

/** A cell that shows a plane of a volume. */
export function PlaneCell(props: CellProps) {
  const { reading, index, content } = props;
  const volumes = volumesOf(reading);
  const plane = content.as as Plane;
  const { element, view, error } = useVolume<PlaneView>(props, {
    open(id, shown, opened, above) {
      registerColours();
      return PlaneView.open(id, shown, plane, opened, above);
    },
    join(made, shown, { engine }) {
      joinPlane(made.id, engine.id, plane, measurementsOf(reading));
      return [() => leavePlane(made.id, engine.id), ...follow(made, volumes, shown)];
    },
  });
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
