import { useEffect, useRef, useState } from "preact/hooks";
import type { Reading } from "~/reading/reading";
import type { StackView } from "~/viewport/view";
import type { Choice } from "~/viewport/windows";
import { applyState, stateFor } from "./apply-state";
import { gradient } from "./colour-map";
import { drawLayer, drawPicture, drawState } from "./drawing";
import { type DerivedObject, derivedOf, LAYERED, type Layer, placeOf, presentedPlace } from "./objects";
import { areaFor, isDrawnByServer, windowFor } from "./state";

/** Everything derived that is switched on, drawn on the image of a cell. */
export function DerivedLayer({ reading, view }: { reading: Reading; view: StackView }) {
  const element = useRef<HTMLCanvasElement>(null);
  const derived = derivedOf(reading);
  const [applied, setApplied] = useState<{ choice?: Choice; isInverted?: boolean }>({});
  view.moved.value; // Drawn anew when the image moves, and when a layer has come.
  derived.came.value;
  const { known } = view;
  const shown = (derived.objects.value ?? []).filter(
    (object) =>
      LAYERED.has(object.kind) && derived.lookOf(object).isShown && known?.ref.study === object.study,
  );
  const state = stateFor(derived.state.value, known);
  // Whoever windows the image sees its own greys again.
  const isDrawn = state && known && isDrawnByServer(state, known) && applied.choice === view.choice.value;
  const picture = isDrawn ? derived.layerOf(derived.state.value!, presentedPlace(known)) : undefined;
  const layers = known
    ? shown.map((object): [DerivedObject, Layer | undefined] => [
        object,
        derived.layerOf(object, placeOf(known)),
      ])
    : [];
  useEffect(() => {
    const canvas = element.current;
    if (!canvas || !known) return;
    const context = cleared(canvas);
    const { rows, columns } = known.image;
    const toCell = ([x, y]: readonly [number, number]) => view.toCanvas([x - 0.5, y - 0.5]);
    const sheet = { context, rows, columns, toCell };
    const isCovered = picture?.kind === "picture";
    if (isCovered) {
      const isInverse = view.isInverted.value !== applied.isInverted;
      drawPicture(sheet, picture.picture, { isSmooth: view.isSmooth.value, isInverse });
    }
    for (const [object, layer] of layers) {
      if (layer) drawLayer(sheet, object, layer, derived.lookOf(object));
    }
    if (state) drawState(sheet, state, known, isCovered);
    canvas.dataset.state = isCovered ? "picture" : state ? "window" : "";
    canvas.dataset.layers = String(layers.filter(([, layer]) => layer).length);
  });
  // Anew for the first image that is among its own, and for one that it has another window or area for.
  const look = state && known && JSON.stringify([windowFor(state, known), areaFor(state, known)]);
  useEffect(() => {
    if (!state || !known) return undefined;
    applyState(view, state, known);
    setApplied({ choice: view.choice.peek(), isInverted: view.isInverted.peek() });
    return () => view.reset();
  }, [state, look]);
  const field = layers.find(([, layer]) => layer?.kind === "field")?.[1];
  if (!shown.length && !state) return null;
  return (
    <>
      <canvas ref={element} class="derived-layer" style={{ width: "100%", height: "100%" }} />
      {field?.kind === "field" && <ColourBar field={field} />}
    </>
  );
}

/** A canvas of the size of its cell, in CSS pixels, without anything on it. */
export function cleared(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = width * devicePixelRatio;
  canvas.height = height * devicePixelRatio;
  const context = canvas.getContext("2d")!;
  context.scale(devicePixelRatio, devicePixelRatio);
  return context;
}

/** What the colours of a quantity stand for. */
export function ColourBar({ field }: { field: Layer & { kind: "field" } }) {
  const [least, most] = field.range;
  const said = (value: number) => `${Number(value.toPrecision(3))} ${field.unit}`;
  return (
    <div class="derived-bar" role="img" aria-label={`Colours from ${said(least)} to ${said(most)}`}>
      <span>{said(most)}</span>
      <i style={{ background: gradient }} />
      <span>{said(least)}</span>
    </div>
  );
}
