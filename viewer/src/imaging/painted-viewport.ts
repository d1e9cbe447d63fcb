/** A stack whose images are drawn by us: Cornerstone has the say of the camera, the stack and the tools, and of nothing seen. */

import { Enums, registerViewportType, StackViewport, type Types } from "@cornerstonejs/core";
import vtkRenderer from "@kitware/vtk.js/Rendering/Core/Renderer";
import type { Look, Painter, Placing } from "./painter";

type Point = [number, number];

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
  private readonly painter: Painter;
  private readonly seen = document.createElement("canvas");

  constructor(props: Types.ViewportInput, painter: Painter) {
    super(props);
    this.painter = painter;
    this.seen.className = "painted";
    this.canvas.before(this.seen);
    this.measure();
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

  /** The cell has another size: what is in its middle stays there. */
  override resizeForRenderingEngine({ keepCamera = true } = {}): void {
    if (!this.measure()) return;
    const camera = this.getCamera();
    const { rotation } = this.getViewPresentation();
    this.resetCameraForResize();
    if (!keepCamera) return;
    if (this.getDisplayArea()) {
      // It lies where it is to lie, in the new size.
      this.setCamera({ flipHorizontal: !!camera.flipHorizontal });
      if (rotation) this.setViewPresentation({ rotation });
    } else this.setCamera(camera);
  }

  /** Notes how many pixels the cell has, and returns whether they are other ones; one that is not seen has none. */
  private measure(): boolean {
    const { canvas } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) =>
      Math.round(side * devicePixelRatio),
    ) as Point;
    if (!width || !height || (width === canvas.width && height === canvas.height)) return false;
    [canvas.width, canvas.height] = [this.sWidth, this.sHeight] = [width, height];
    return true;
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
