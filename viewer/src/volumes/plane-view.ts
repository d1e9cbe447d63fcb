/** A viewport of Cornerstone's that shows a plane of a volume, and what our state says about it. */

import { Enums, type RenderingEngine, type Types, utilities } from "@cornerstonejs/core";
import type { OpenVolume } from "./open-volume";
import type { SeriesVolume } from "./series-volume";
import type { Blend, Plane } from "./state";
import { cross, type Vector } from "./vectors";

const { BlendModes, ViewportType } = Enums;

const BLENDS: Record<Blend, Enums.BlendModes> = {
  largest: BlendModes.MAXIMUM_INTENSITY_BLEND,
  smallest: BlendModes.MINIMUM_INTENSITY_BLEND,
  average: BlendModes.AVERAGE_INTENSITY_BLEND,
};

export class PlaneView {
  readonly viewport: Types.IVolumeViewport;
  /** The window that the series has of itself. */
  private first: { lower: number; upper: number } | undefined;

  private constructor(
    private readonly engine: RenderingEngine,
    readonly id: string,
    readonly volume: SeriesVolume,
    readonly fused: SeriesVolume | undefined,
  ) {
    this.viewport = engine.getViewport(id) as Types.IVolumeViewport;
  }

  static async open(
    id: string,
    element: HTMLDivElement,
    plane: Plane,
    { engine, volume }: OpenVolume,
    fused?: SeriesVolume,
  ): Promise<PlaneView> {
    engine.enableElement({
      viewportId: id,
      element,
      type: ViewportType.ORTHOGRAPHIC,
      defaultOptions: { orientation: plane as Enums.OrientationAxis },
    });
    const view = new PlaneView(engine, id, volume, fused);
    const inputs = [{ volumeId: volume.volumeId }];
    if (fused) inputs.push({ volumeId: fused.volumeId });
    await view.viewport.setVolumes(inputs);
    view.first = view.window;
    return view;
  }

  setSlab(mm: number, blend: Blend): void {
    // Cornerstone's thickness is of half the slab. Uptake is looked at as its maximum whatever the anatomy is.
    this.viewport.setBlendMode(mm > 0 ? BLENDS[blend] : BlendModes.COMPOSITE);
    this.viewport.setSlabThickness(mm / 2);
    this.viewport.render();
  }

  setWindow(voiRange: { lower: number; upper: number }): void {
    const now = this.viewport.getProperties(this.volume.volumeId)?.voiRange;
    if (now?.lower === voiRange.lower && now.upper === voiRange.upper) return;
    this.viewport.setProperties({ voiRange }, this.volume.volumeId, true);
    this.viewport.render();
  }

  get window(): { lower: number; upper: number } | undefined {
    return this.viewport.getProperties(this.volume.volumeId)?.voiRange;
  }

  setFused(colours: string, opacity: number, [lower, upper]: [number, number]): void {
    if (!this.fused) return;
    const { volumeId } = this.fused;
    const ramp = [
      // What takes up nothing is not there.
      { value: lower, opacity: 0 },
      { value: lower + (upper - lower) * 0.1, opacity },
      { value: upper, opacity },
    ];
    this.viewport.setProperties({ voiRange: { lower, upper } }, volumeId, true);
    this.viewport.setProperties({ colormap: { name: colours, opacity: ramp as never } }, volumeId, true);
    this.viewport.setProperties({ voiRange: { lower, upper } }, volumeId, true);
    this.viewport.render();
  }

  reset(): void {
    this.viewport.resetCamera();
    if (this.first) this.viewport.setProperties({ voiRange: this.first }, this.volume.volumeId);
    this.viewport.render();
  }

  scroll(slices: number): void {
    utilities.scroll(this.viewport as never, { volumeId: this.volume.volumeId, delta: slices });
  }

  /** Where the plane is among those that it can be. */
  get slice(): { index: number; count: number } {
    const data = utilities.getImageSliceDataForVolumeViewport(this.viewport);
    return { index: data?.imageIndex ?? 0, count: data?.numberOfSlices ?? 0 };
  }

  /** Towards what the picture goes on its right and down. */
  get directions(): { right: Vector; down: Vector } {
    const { viewUp, viewPlaneNormal } = this.viewport.getCamera();
    const right = cross(viewUp as Vector, viewPlaneNormal as Vector);
    return { right, down: viewUp!.map((one) => -one) as Vector };
  }

  /** How far it is from one of them to the next, in mm. */
  get step(): number {
    const normal = this.viewport.getCamera().viewPlaneNormal!;
    return utilities.getSpacingInNormalDirection(this.volume, normal);
  }

  /** The point and the voxels' values below a place on the element; nothing outside of the volume. */
  under(x: number, y: number): { point: Vector; value: number; fused?: number | undefined } | undefined {
    const point = this.viewport.canvasToWorld([x, y]) as Vector;
    const value = valueAt(this.volume, point);
    if (value === undefined) return undefined;
    return { point, value, fused: this.fused && valueAt(this.fused, point) };
  }

  /** The slice of the acquisition that the plane is at, when it lies along it. */
  get acquired(): number | undefined {
    const { focalPoint, viewPlaneNormal } = this.viewport.getCamera();
    const normal = this.volume.grid.axes[2];
    const isAlong =
      Math.abs(normal.reduce((sum, one, axis) => sum + one * viewPlaneNormal![axis]!, 0)) > 0.99;
    return isAlong ? indexOf(this.volume, focalPoint as Vector)[2] : undefined;
  }

  close(): void {
    if (this.engine.getViewport(this.id)) this.engine.disableElement(this.id);
  }
}

const indexOf = (volume: SeriesVolume, point: Vector): Vector =>
  utilities.transformWorldToIndex(volume.imageData, point) as Vector;

function valueAt(volume: SeriesVolume, point: Vector): number | undefined {
  const index = indexOf(volume, point);
  const isInside = index.every((one, axis) => one >= 0 && one < volume.dimensions[axis]!);
  return isInside
    ? ((volume.voxelManager?.getAtIJKPoint(index) ?? undefined) as number | undefined)
    : undefined;
}
