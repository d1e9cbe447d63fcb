import { Enums, type RenderingEngine, type Types } from "@cornerstonejs/core";
import { useEffect, useRef, useState } from "preact/hooks";
import { startImaging } from "~/imaging/start";
import { Failure } from "~/shell/boundary";
import type { CellProps } from "./cell";
import { joinTools } from "./mouse";

/** A cell that shows the images of a series, one after the other. */
export function ImageCell({ reading, index, content }: CellProps) {
  const element = useRef<HTMLDivElement>(null);
  const [error, setError] = useState<unknown>();
  const id = `cell-${index}`;
  useEffect(() => {
    let engine: RenderingEngine | undefined;
    let gone = false;
    let resizing: ResizeObserver | undefined;
    async function begin() {
      const [started, opened] = await Promise.all([
        startImaging(),
        reading.openSeries(content.study, content.series),
      ]);
      if (gone || !element.current) return;
      // The right button zooms.
      element.current.addEventListener("contextmenu", (event) => event.preventDefault());
      if (!opened.imageIds.length) {
        throw new Error(
          opened.series.instances.find((one) => one.error)?.error ?? "nothing in this series can be shown",
        );
      }
      engine = started;
      const shown = element.current;
      shown.addEventListener(Enums.Events.IMAGE_RENDERED, () => {
        shown.dataset.drawn = "true"; // what tests, and nobody else, wait for
        reading.noteShown(index, (started.getViewport(id) as Types.IStackViewport).getCurrentImageId());
      });
      const made = { viewportId: id, element: element.current, type: Enums.ViewportType.STACK };
      engine.enableElement(made);
      joinTools(id, engine.id);
      const viewport = engine.getViewport(id) as Types.IStackViewport;
      await viewport.setStack(opened.imageIds, Math.floor((opened.imageIds.length - 1) / 2));
      if (gone) return;
      viewport.render();
      resizing = new ResizeObserver(() => engine?.resize(true));
      resizing.observe(element.current);
    }
    begin().catch((reason) => gone || setError(reason));
    return () => {
      gone = true;
      resizing?.disconnect();
      if (engine?.getViewport(id)) engine.disableElement(id);
    };
  }, []);
  if (error) return <Failure error={error} />;
  return <div ref={element} class="viewport" />;
}
