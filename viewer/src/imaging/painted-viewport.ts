/** A stack whose images are drawn by us: Cornerstone has the say of the camera, the stack and the tools, and of nothing seen. */

import { Enums, registerViewportType, StackViewport, type Types } from "@cornerstonejs/core";
import type { Look, Painter, Placing } from "./painter";

type Point = [number, number];

export class PaintedViewport extends StackViewport {
  /** How the image is to be seen; nothing is drawn before it is said. */
  look: Look | undefined;
  /** Told when an image that came cannot be drawn. */
  onFailure: (error: unknown) => void = () => {};
  private readonly painter: Painter;
  private readonly seen = document.createElement("canvas");

  constructor(props: Types.ViewportInput, painter: Painter) {
    super(props);
    this.painter = painter;
    this.seen.className = "painted";
    // That of Cornerstone says how large the cell is.
    this.canvas.style.visibility = "hidden";
    this.canvas.before(this.seen);
  }

  override getUseCustomRenderingPipeline(): boolean {
    return true;
  }

  override customRenderViewportToCanvas = () => {
    try {
      this.seen.getContext("bitmaprenderer")!.transferFromImageBitmap(this.picture());
    } catch (error) {
      this.onFailure(error);
    }
    const { element, id: viewportId, renderingEngineId, viewportStatus, suppressEvents } = this;
    return { canvas: this.canvas, element, viewportId, renderingEngineId, viewportStatus, suppressEvents };
  };

  /** The cell has another size: what is in its middle stays there. */
  override resizeForRenderingEngine({ keepCamera = true } = {}): void {
    const { canvas } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) =>
      Math.round(side * devicePixelRatio),
    ) as Point;
    if (!width || !height || (width === canvas.width && height === canvas.height)) return;
    [canvas.width, canvas.height] = [this.sWidth, this.sHeight] = [width, height];
    const camera = this.getCamera();
    this.resetCameraForResize();
    if (keepCamera) this.setCamera(camera);
  }

  private picture(): ImageBitmap | null {
    const image = this.getCornerstoneImage();
    if (!image || !this.look) return null;
    return this.painter.paint(image, this.look, this.placing(), [this.canvas.width, this.canvas.height]);
  }

  private placing(): Placing {
    const { imageData } = this.getImageData()!;
    const at = (x: number, y: number): Point => {
      const [column, row] = imageData.worldToIndex!(this.canvasToWorld([x, y])) as Types.Point3;
      return [column, row];
    };
    // Far apart, so that what is told of them in few digits is of no weight.
    const far = 1024;
    const [corner, right, down] = [at(0, 0), at(far, 0), at(0, far)];
    const perPixel = far * devicePixelRatio;
    const way = (to: Point): Point => [(to[0] - corner[0]) / perPixel, (to[1] - corner[1]) / perPixel];
    return { corner, right: way(right), down: way(down) };
  }
}

/** Has every stack drawn by a painter. */
export function paintStacks(painter: Painter): void {
  class Painted extends PaintedViewport {
    constructor(props: Types.ViewportInput) {
      super(props, painter);
    }
  }
  registerViewportType({
    type: "painted",
    ViewportClass: Painted,
    resolveClass: ({ type }) => (type === Enums.ViewportType.STACK ? Painted : undefined),
  });
}
