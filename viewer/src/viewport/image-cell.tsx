import { Enums, eventTarget, type RenderingEngine, type Types } from "@cornerstonejs/core";
import { useEffect, useRef, useState } from "preact/hooks";
import { DerivedLayer } from "~/derived/derived-layer";
import { type PaintedViewport, prepareElement } from "~/imaging/painted-viewport";
import { resize } from "~/imaging/resizing";
import { startImaging } from "~/imaging/start";
import type { Content, OpenSeries } from "~/reading/reading";
import { inWords } from "~/server/http";
import { Failure } from "~/shell/boundary";
import type { CellProps } from "./cell";
import { Corners } from "./corners";
import { Layers } from "./layers";
import { joinTools, leaveTools } from "./mouse";
import { openings } from "./openings";
import { Slider } from "./slider";
import { StackView } from "./view";
import "./viewport.css";

/** The number of the image that is shown first. */
function firstImage(content: Content, { imageIds, series }: OpenSeries): number {
  if (content.image) return Math.min(content.image, imageIds.length) - 1;
  const one = content.instance && imageIds.findIndex((id) => id.includes(`/${content.instance}/`));
  if (one !== undefined && one !== "" && one >= 0) return one;
  // Of films the beginning, of stacks the middle.
  const isFilm = series.instances.some(({ image }) => image?.frameTimesMs);
  return isFilm ? 0 : Math.floor((imageIds.length - 1) / 2);
}

/** Where an image lies in its cell: at an edge, also after it is fitted anew. */
function at(edge: Content["edge"]): Partial<Types.PublicViewportInput> {
  if (!edge) return {};
  const point: Types.Point2 = [edge === "left" ? 0 : 1, 0.5];
  const imageCanvasPoint = { imagePoint: point, canvasPoint: point };
  return {
    defaultOptions: { displayArea: { imageArea: [1, 1], imageCanvasPoint, storeAsInitialCamera: true } },
  } as Partial<Types.PublicViewportInput>;
}

/** Whether the chest is at the other side of an image than where it is to lie. */
function isTurnedAway({ known }: StackView, edge: Content["edge"]): boolean {
  const [row] = known?.instance.patientOrientation ?? [];
  return (edge === "right" && row === "A") || (edge === "left" && row === "P");
}

/** Puts a stack into an element. */
function begin(
  id: string,
  element: HTMLDivElement,
  opened: OpenSeries,
  engine: RenderingEngine,
  edge: Content["edge"],
) {
  if (!opened.imageIds.length) {
    const reason = opened.series.instances.find((one) => one.error)?.error;
    throw new Error(reason ?? "nothing in this series can be shown as an image");
  }
  prepareElement(element);
  engine.enableElement({ viewportId: id, element, type: Enums.ViewportType.STACK, ...at(edge) });
  joinTools(id, engine.id);
  return new StackView(engine.getViewport(id) as PaintedViewport, opened.imageIds);
}

/** That an image does not come, and that Cornerstone cannot draw one that came: of that it says nothing else. */
const FAILURES = [Enums.Events.IMAGE_LOAD_FAILED, Enums.Events.IMAGE_LOAD_ERROR];

/** A cell that shows the images of a series, one after the other. */
export function ImageCell({ reading, index, content }: CellProps) {
  const element = useRef<HTMLDivElement>(null);
  const [error, setError] = useState<unknown>();
  const [view, setView] = useState<StackView>();
  const id = `cell-${index}`;
  useEffect(() => {
    const shown = element.current!;
    let engine: RenderingEngine | undefined;
    let own: StackView | undefined;
    let gone = false;
    const resizing = new ResizeObserver(() => {
      if (engine) resize(engine);
      if (!own) return;
      // What had no size was not drawn, and is not by itself when it has the same one as before.
      own.viewport.render();
      own.moved.value++;
    });
    const onDrawn = () => {
      // What tests, and nobody else, wait for.
      if (own?.viewport.getCornerstoneImage()) {
        shown.dataset.drawn = "true";
        shown.dataset.series = content.series.uid;
        shown.dataset.image = String(own.shown.value + 1);
        shown.dataset.scale = own.scale.toFixed(3);
        shown.dataset.smooth = String(own.isSmooth.value);
      }
    };
    const onMenu = (event: Event) => event.preventDefault(); // the right button zooms
    const onFailed = (event: Event) => {
      const { detail } = event as CustomEvent<{ imageId: string; error: unknown } | unknown[]>;
      if (Array.isArray(detail)) {
        // It could not draw an image, and does not say which.
        const wanted = own?.wanted.peek() ?? 0;
        if (own?.isLoaded(wanted)) own.settle(wanted);
        return;
      }
      const { imageId, error: reason } = detail;
      const failed = own?.imageIds.indexOf(imageId) ?? -1;
      const isGivenUp = reason instanceof DOMException && reason.name === "AbortError";
      if (failed >= 0 && !isGivenUp) own?.fail(failed, reason);
    };
    for (const name of FAILURES) eventTarget.addEventListener(name, onFailed);
    shown.addEventListener(Enums.Events.IMAGE_RENDERED, onDrawn);
    shown.addEventListener("contextmenu", onMenu);
    async function start() {
      const opening = reading.openSeries(content.study, content.series);
      const [started, opened] = await Promise.all([startImaging(), opening, openings.get(id)]);
      if (gone) return;
      engine = started;
      own = begin(id, shown, opened, started, content.edge);
      if (content.window) own.choice.value = { kind: "set", window: content.window };
      resizing.observe(shown);
      setView(own);
      reading.noteView(index, own);
      await own.begin(firstImage(content, opened));
      if (isTurnedAway(own, content.edge)) own.flip("flipHorizontal");
    }
    start().catch((reason) => gone || setError(reason));
    return () => {
      gone = true;
      resizing.disconnect();
      for (const name of FAILURES) eventTarget.removeEventListener(name, onFailed);
      shown.removeEventListener(Enums.Events.IMAGE_RENDERED, onDrawn);
      shown.removeEventListener("contextmenu", onMenu);
      if (!own || !engine) return;
      own.end();
      if (reading.views.peek().get(index) === own) reading.noteView(index, undefined);
      leaveTools(id, engine.id);
      engine.disableElement(id);
    };
  }, []);
  if (error) return <Failure error={error} />;
  return (
    <div class="image-cell">
      <div ref={element} class="viewport" />
      {view && (
        <>
          <DerivedLayer reading={reading} view={view} />
          <Layers reading={reading} index={index} view={view} />
          <Corners reading={reading} content={content} view={view} />
          <State view={view} />
          <Slider view={view} />
        </>
      )}
      {!view && <Waiting />}
    </div>
  );
}

const Waiting = () => (
  <div class="cell-loading">
    <div class="loading" role="status" aria-label="Loading" />
  </div>
);

/** What a service of DICOMweb says to programs about a frame that it cannot decode, put for who looks at it. */
function ofImage({ text, hint }: { text: string; hint?: string | undefined }) {
  const [before, why] = text.split("the instance cannot be had in this transfer syntax: ");
  if (before || !why) return { text, hint };
  return {
    text: why,
    hint: "the file is damaged, or of a kind that is not decoded; it can be saved as it is",
  };
}

/** That the wanted image is still to come, or why it does not. */
function State({ view }: { view: StackView }) {
  const error = view.error.value;
  const isNew = !view.hasBegun.value;
  if (!error) return isNew ? <Waiting /> : null;
  const { text, hint } = ofImage(inWords(error));
  return (
    <div class="cell-message" role="alert">
      <p>Image {view.wanted.value + 1} cannot be shown</p>
      <p class="hint">{text}</p>
      {hint && <p class="hint">{hint}</p>}
      <button type="button" onClick={() => view.retry()}>
        Try again
      </button>
    </div>
  );
}
