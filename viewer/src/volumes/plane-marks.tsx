import { Enums, utilities } from "@cornerstonejs/core";
import { useEffect, useState } from "preact/hooks";
import { lettersOf } from "./orientation";
import { COLOURS } from "./plane-tools";
import type { PlaneView } from "./plane-view";
import { onSlices } from "./series-volume";
import type { Plane, Volumes } from "./state";
import { unitOf, uptakeNotes } from "./units";
import type { Vector } from "./vectors";

interface Props {
  view: PlaneView;
  plane: Plane;
  element: HTMLDivElement;
  volumes: Volumes;
}

/** What is written over a plane: which it is, its directions, where it is, and the value under the pointer. */
export function PlaneMarks({ view, plane, element, volumes }: Props) {
  const [, redraw] = useState(0);
  const [pointer, setPointer] = useState<[number, number]>();
  useEffect(() => {
    const again = () => redraw((turn) => turn + 1);
    again(); // The camera may have moved since.
    const move = (event: PointerEvent) => {
      const box = element.getBoundingClientRect();
      setPointer([event.clientX - box.left, event.clientY - box.top]);
    };
    const leave = () => setPointer(undefined);
    const { CAMERA_MODIFIED, VOI_MODIFIED, CAMERA_RESET } = Enums.Events;
    for (const name of [CAMERA_MODIFIED, VOI_MODIFIED, CAMERA_RESET]) element.addEventListener(name, again);
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerleave", leave);
    const quiet = onSlices(view.volume, again);
    return () => {
      for (const name of [CAMERA_MODIFIED, VOI_MODIFIED, CAMERA_RESET]) {
        element.removeEventListener(name, again);
      }
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerleave", leave);
      quiet();
    };
  }, []);
  const { right, down } = view.directions;
  const left = right.map((one) => -one) as Vector;
  const up = down.map((one) => -one) as Vector;
  const { index, count } = view.slice;
  const slab = volumes.slab.value;
  void volumes.windows.value; // the window may have been set in another plane
  const under = pointer && view.under(...pointer);
  const { grid, state } = view.volume;
  return (
    <div class="plane-marks">
      <span class="top left">
        <b style={{ color: COLOURS[plane] }}>{plane[0]!.toUpperCase() + plane.slice(1)}</b>
        <span data-slice={index + 1}>
          {index + 1} / {count}
        </span>
        {slab > 0 && (
          <span>
            {SLAB_NAMES[volumes.blend.value]} {slab} mm
          </span>
        )}
        <Loading come={state.come} failed={state.failed} count={grid.imageIds.length} />
      </span>
      <span class="edge north">{lettersOf(up)}</span>
      <span class="edge south">{lettersOf(down)}</span>
      <span class="edge west">{lettersOf(left)}</span>
      <span class="edge east">{lettersOf(right)}</span>
      <span class="bottom left">
        {plane === "axial" &&
          [view.volume, view.fused].flatMap(notesOf).map((note) => (
            <span key={note} class="note">
              {note}
            </span>
          ))}
        <span data-under={under ? under.value : ""} data-fused={under?.fused ?? ""}>
          {under && readout(under, view)}
        </span>
        {view.window && <span>{windowText(view.window)}</span>}
      </span>
    </div>
  );
}

const SLAB_NAMES = { largest: "MIP", smallest: "MinIP", average: "Average" };

function Loading({ come, failed, count }: { come: number; failed: number; count: number }) {
  if (come + failed < count) return <progress value={come} max={count} aria-label="Slices loaded" />;
  if (!failed) return null;
  return <span class="note">{failed} of the slices cannot be read</span>;
}

const notesOf = (volume: PlaneView["fused"]): string[] =>
  volume ? [...volume.grid.notes, ...uptakeNotes(volume.grid)] : [];

function readout(under: NonNullable<ReturnType<PlaneView["under"]>>, view: PlaneView): string {
  const place = under.point.map((one) => one.toFixed(1)).join(", ");
  const value = `${short(under.value)} ${unitOf(view.volume.grid)}`.trim();
  const above =
    view.fused && under.fused !== undefined ? ` · ${short(under.fused)} ${unitOf(view.fused.grid)}` : "";
  return `${value}${above} at ${place} mm`;
}

const short = (value: number): string =>
  Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 100 ? 2 : 0);

/** As the Standard counts: a window of width 1 has one value (PS3.3 C.11.2.1.2.1). */
function windowText({ lower, upper }: { lower: number; upper: number }): string {
  const isWhole = upper - lower > 20;
  const { windowWidth, windowCenter } = utilities.windowLevel.toWindowLevel(lower, upper);
  const [width, centre] = isWhole ? [windowWidth, windowCenter] : [upper - lower, (upper + lower) / 2];
  return `W ${short(Math.round(width * 100) / 100)} · L ${short(Math.round(centre * 100) / 100)}`;
}
