/** A stack whose images are drawn by us: Cornerstone has the say of the camera, the stack and the tools, and of nothing seen. */

import { Enums, registerViewportType, StackViewport, type Types } from "@cornerstonejs/core";
import vtkRenderer from "@kitware/vtk.js/Rendering/Core/Renderer";
import type { Look, Painter, Placing } from "./painter";

type Point = [number, number];
/** Left, top, right, bottom in pixels of an image, whose corner is 0, 0. */
export type Edges = [number, number, number, number];

/** What is said of where something was drawn: by Cornerstone, and by who knows better which images of a stack show it. */
export type Reference = Types.ViewReference & {
  isOn?: (imageIds: string[], imageId: string) => boolean;
};

/** Where vtk keeps the camera of each viewport; nothing is rendered by it. */
const cameras = new WeakMap<StackViewport, ReturnType<typeof vtkRenderer.newInstance>>();

export class PaintedViewport extends StackViewport {
  /** How the image is to be seen; nothing is drawn before it is said. */
  look: Look | undefined;
  /** Told when an image that came cannot be drawn. */
  onFailure: (error: unknown) => void = () => {};
  /** The part of the image that is fitted to the cell; all of it when it is not said. */
  private part: Edges | undefined;
  private readonly painter: Painter;
  private readonly seen = document.createElement("canvas");

  constructor(props: Types.ViewportInput, painter: Painter) {
    super(props);
    this.painter = painter;
    this.seen.className = "painted";
    this.canvas.before(this.seen);
    const size = this.cellSize();
    if (size) this.take(size);
  }

  /** Has Cornerstone give such a viewport no context of WebGL: a slow card takes half a second for one. */
  static override get useCustomRenderingPipeline(): boolean {
    return true;
  }

  override getRendererContextPool() {
    // Asked for by the constructor of the stack, before there is anything here.
    const renderer = cameras.get(this) ?? vtkRenderer.newInstance();
    cameras.set(this, renderer);
    return renderer;
  }

  override customRenderViewportToCanvas = () => {
    try {
      this.show(this.picture());
    } catch (error) {
      this.onFailure(error);
    }
    const { element, id: viewportId, renderingEngineId, viewportStatus, suppressEvents } = this;
    return { canvas: this.canvas, element, viewportId, renderingEngineId, viewportStatus, suppressEvents };
  };

  /** The cell has another size: what was fitted to it is so anew; what was not keeps its scale, and its middle. */
  override resizeForRenderingEngine(): void {
    const size = this.cellSize();
    if (!size) return;
    const before: Point = [this.sWidth, this.sHeight];
    if (!this.getDefaultActor()) {
      this.take(size);
      return;
    }
    const wasFitted = this.isFitted;
    const camera = this.getCamera();
    this.take(size);
    this.refit();
    if (wasFitted) return;
    this.setCamera({ ...camera, parallelScale: (camera.parallelScale! * size[1]) / before[1] });
    // By whole pixels of the screen: what lies on them goes on to do so.
    const off = size.map((side, axis) => ((before[axis]! % 2) - (side % 2)) / 2 / devicePixelRatio);
    this.move(off as Point);
  }

  /** Shows the whole image, or a part of it, as large as the cell allows; it stays turned. */
  fit(part?: Edges): void {
    this.part = part;
    this.refit();
  }

  /** Shows what was fitted last as large as the cell allows. */
  refit(): void {
    const { rotation = 0, flipHorizontal = false, flipVertical = false } = this.getViewPresentation();
    this.resetCamera();
    this.setViewPresentation({ rotation, flipHorizontal, flipVertical });
    if (this.part) this.enlarge(this.part);
    else if (Math.round(rotation / 90) % 2) {
      // Cornerstone fits what is not turned.
      const [columns, rows] = this.getImageData()!.dimensions;
      this.enlarge([0, 0, columns, rows], this.getDisplayArea()?.imageCanvasPoint?.canvasPoint?.[0]);
    }
  }

  /** Whether the image lies as `refit` lays it, to a pixel or two. */
  get isFitted(): boolean {
    const camera = this.getCamera();
    this.refit();
    const { focalPoint, parallelScale = 1 } = this.getCamera();
    this.setCamera(camera);
    const near = (4 * parallelScale) / this.sHeight;
    const away = camera.focalPoint!.map((one, axis) => one - focalPoint![axis]!);
    return Math.abs(camera.parallelScale! - parallelScale) < near && Math.hypot(...away) < near;
  }

  /** Moves the image on the screen, by CSS pixels. */
  move(by: Point): void {
    const [from, to] = [this.canvasToWorld([0, 0]), this.canvasToWorld(by)];
    const { focalPoint, position } = this.getCamera();
    const back = (point: Types.Point3 | undefined) =>
      (point ?? [0, 0, 0]).map((part, axis) => part - (to[axis]! - from[axis]!)) as Types.Point3;
    this.setCamera({ focalPoint: back(focalPoint), position: back(position) });
  }

  /** Shows a part as large as the cell allows, at its left side (0), its right one (1), or between. */
  private enlarge(part: Edges, side = 0.5): void {
    const [cellWidth, cellHeight] = [this.sWidth / devicePixelRatio, this.sHeight / devicePixelRatio];
    const { width, height } = this.place(part);
    this.setZoom(this.getZoom() * Math.min(cellWidth / width, cellHeight / height));
    const now = this.place(part);
    this.move([(cellWidth - now.width) * side - now.left, (cellHeight - now.height) / 2 - now.top]);
  }

  /** Where a part of the image lies in the cell, in CSS pixels. */
  private place([left, top, right, bottom]: Edges) {
    const { imageData } = this.getImageData()!;
    // Whole numbers are the centres of pixels.
    const at = (column: number, row: number) =>
      this.worldToCanvas(imageData.indexToWorld!([column - 0.5, row - 0.5, 0]) as Types.Point3);
    const [one, other] = [at(left, top), at(right, bottom)];
    const [x, y] = one.map((from, axis) => Math.min(from, other[axis]!)) as Point;
    const [width, height] = one.map((from, axis) => Math.abs(from - other[axis]!)) as Point;
    return { left: x, top: y, width, height };
  }

  /** How many pixels of the screen the cell has, where they are others than it had; one that is not seen has none. */
  private cellSize(): Point | undefined {
    const { canvas } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) =>
      Math.round(side * devicePixelRatio),
    ) as Point;
    if (!width || !height || (width === canvas.width && height === canvas.height)) return undefined;
    return [width, height];
  }

  private take([width, height]: Point): void {
    [this.canvas.width, this.canvas.height] = [this.sWidth, this.sHeight] = [width, height];
  }

  override isReferenceViewable(reference: Reference, options?: Types.ReferenceCompatibleOptions): boolean {
    if (!reference.isOn) return super.isReferenceViewable(reference, options) ?? false;
    return reference.isOn(this.getImageIds(), this.getCurrentImageId());
  }

  private picture(): ImageBitmap | null {
    const image = this.getCornerstoneImage();
    if (!image || !this.look || !this.canvas.width || !this.canvas.height) return null;
    return this.painter.paint(image, this.look, this.placing(), [this.canvas.width, this.canvas.height]);
  }

  private show(picture: ImageBitmap | null): void {
    const { seen, canvas } = this;
    if (seen.width !== canvas.width || seen.height !== canvas.height) {
      [seen.width, seen.height] = [canvas.width, canvas.height];
    }
    seen.getContext("bitmaprenderer")!.transferFromImageBitmap(picture);
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

/** Prepares an element for a stack: Cornerstone clears a canvas of its own, which is never seen and takes time and memory. */
export function prepareElement(element: HTMLElement): void {
  const [around, canvas] = [document.createElement("div"), document.createElement("canvas")];
  around.className = "viewport-element";
  canvas.className = "cornerstone-canvas";
  Object.assign(canvas, { getContext: () => ({ fillRect: () => {}, clearRect: () => {} }) });
  around.append(canvas);
  element.append(around);
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
