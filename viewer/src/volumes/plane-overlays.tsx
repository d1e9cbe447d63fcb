import { Enums } from "@cornerstonejs/core";
import { useEffect, useRef, useState } from "preact/hooks";
import { ColourBar, cleared } from "~/derived/derived-layer";
import { drawLayer } from "~/derived/drawing";
import { type DerivedObject, derivedOf, LAYERED, type Layer, type Place } from "~/derived/objects";
import type { Reading } from "~/reading/reading";
import { type PlaneGrid, planeGrid, pointOf } from "./plane-grid";
import type { PlaneView } from "./plane-view";
import { cross, type Vector } from "./vectors";

interface Props {
  reading: Reading;
  study: string;
  view: PlaneView;
  element: HTMLDivElement;
}

/** Everything derived that is switched on, cut by a plane: as it is drawn on images. */
export function PlaneOverlays({ reading, study, view, element }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [, redraw] = useState(0);
  const derived = derivedOf(reading);
  useEffect(() => {
    const again = () => redraw((turn) => turn + 1);
    again(); // The camera may have moved since.
    const names = [Enums.Events.CAMERA_MODIFIED, Enums.Events.CAMERA_RESET];
    for (const name of names) element.addEventListener(name, again);
    const resizing = new ResizeObserver(again);
    resizing.observe(element);
    return () => {
      for (const name of names) element.removeEventListener(name, again);
      resizing.disconnect();
    };
  }, []);
  derived.came.value; // Drawn anew when a layer has come.
  const shown = (derived.objects.value ?? []).filter(
    (object) => LAYERED.has(object.kind) && derived.lookOf(object).isShown && object.study === study,
  );
  const plane = shown.length ? cutOf(view) : undefined;
  const layers = plane
    ? shown.map((object): [DerivedObject, Layer | undefined] => [
        object,
        derived.layerOf(object, placeOf(plane, view)),
      ])
    : [];
  useEffect(() => {
    if (!canvas.current || !plane) return;
    const context = cleared(canvas.current);
    const { rows, columns } = plane;
    const toCell = ([x, y]: readonly [number, number]) =>
      view.viewport.worldToCanvas(pointOf(plane, x, y)) as [number, number];
    for (const [object, layer] of layers) {
      if (layer) drawLayer({ context, rows, columns, toCell }, object, layer, derived.lookOf(object));
    }
    canvas.current.dataset.layers = String(layers.filter(([, layer]) => layer).length);
  });
  if (!plane) return null;
  const field = layers.find(([, layer]) => layer?.kind === "field")?.[1];
  return (
    <>
      <canvas ref={canvas} class="derived-layer" style={{ width: "100%", height: "100%" }} />
      {field?.kind === "field" && <ColourBar field={field} />}
    </>
  );
}

function cutOf(view: PlaneView): PlaneGrid {
  const { right, down } = view.directions;
  const { focalPoint } = view.viewport.getCamera();
  return planeGrid(view.volume.grid, right, down, cross(right, down), focalPoint as Vector);
}

function placeOf({ position, right, down, step, rows, columns }: PlaneGrid, view: PlaneView): Place {
  const said = (numbers: number[]) => numbers.map((one) => Number(one.toFixed(6))).join();
  const query = {
    position: said(position.map((one) => Math.round(one * 1000) / 1000)),
    orientation: said([...right, ...down]),
    spacing: said([step, step]),
    size: said([rows, columns]),
    thickness: said([view.step]),
    frame_of_reference: view.volume.grid.frameOfReference,
  };
  return { key: Object.values(query).join(" "), path: "plane", query };
}
