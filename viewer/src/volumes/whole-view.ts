/** A viewport of Cornerstone's that shows a volume as a whole. */

import { Enums, type RenderingEngine, type Types } from "@cornerstonejs/core";
import type { OpenVolume } from "./open-volume";
import type { Preset } from "./presets";
import type { SeriesVolume } from "./series-volume";

const { BlendModes, ViewportType } = Enums;

/** How much coarser rays are sampled while the volume moves, and at rest: so that it turns without a graphics card, too. */
const MOVING = 4;
const RESTING = 1;
const REST_MS = 250;

export type Side = "front" | "back" | "left" | "right" | "head" | "feet";

/** From where each side is looked at (a normal towards the eye, and what is up). */
const SIDES: Record<Side, [Types.Point3, Types.Point3]> = {
  front: [
    [0, -1, 0],
    [0, 0, 1],
  ],
  back: [
    [0, 1, 0],
    [0, 0, 1],
  ],
  left: [
    [1, 0, 0],
    [0, 0, 1],
  ],
  right: [
    [-1, 0, 0],
    [0, 0, 1],
  ],
  head: [
    [0, 0, 1],
    [0, -1, 0],
  ],
  feet: [
    [0, 0, -1],
    [0, -1, 0],
  ],
};

export const SIDE_NAMES = Object.keys(SIDES) as Side[];

/** The parts of vtk.js's property of a volume that light changes. */
interface Lit {
  setShade(on: boolean): void;
  setAmbient(share: number): void;
  setDiffuse(share: number): void;
  setSpecular(share: number): void;
}

export class WholeView {
  readonly viewport: Types.IVolumeViewport;
  private resting: ReturnType<typeof setTimeout> | undefined;
  private isCoarse = false;

  private constructor(
    private readonly engine: RenderingEngine,
    readonly id: string,
    readonly volume: SeriesVolume,
  ) {
    this.viewport = engine.getViewport(id) as Types.IVolumeViewport;
  }

  static async open(
    id: string,
    element: HTMLDivElement,
    { engine, volume }: OpenVolume,
    preset: Preset,
  ): Promise<WholeView> {
    engine.enableElement({
      viewportId: id,
      element,
      type: ViewportType.VOLUME_3D,
      defaultOptions: {
        orientation: Enums.OrientationAxis.CORONAL,
        background: [0.03, 0.04, 0.05],
        parallelProjection: true,
      },
    });
    const view = new WholeView(engine, id, volume);
    await view.viewport.setVolumes([{ volumeId: volume.volumeId }]);
    view.moving();
    view.setPreset(preset);
    view.look("front");
    return view;
  }

  setPreset({ of }: Preset): void {
    const { mapper, actor } = this;
    if (of) {
      mapper.setBlendMode(BlendModes.COMPOSITE);
      this.viewport.setProperties({ preset: of });
    } else {
      // Any preset brings grey and opacity that the brightest value of a ray can be shown with.
      this.viewport.setProperties({ preset: "CT-MIP" });
      this.spread();
      mapper.setBlendMode(BlendModes.MAXIMUM_INTENSITY_BLEND);
      actor.getProperty().setShade(false);
    }
    this.viewport.render();
  }

  /** Spreads grey over the values that there are. */
  private spread(): void {
    const [least, most] = this.volume.voxelManager!.getRange() as [number, number];
    const colours = this.actor.getProperty().getRGBTransferFunction(0);
    colours.removeAllPoints();
    colours.addRGBPoint(Math.max(least, most - (most - least) * 0.75), 0, 0, 0);
    colours.addRGBPoint(most, 1, 1, 1);
  }

  /** How bright what is lit is, from 0 (no light: flat colours) to 1. */
  setLight(light: number): void {
    const property = this.actor.getProperty() as unknown as Lit;
    property.setShade(light > 0);
    property.setAmbient(light > 0 ? 0.35 - 0.25 * light : 1);
    property.setDiffuse(0.4 + 0.8 * light);
    property.setSpecular(0.4 * light);
    this.viewport.render();
  }

  look(side: Side): void {
    const [viewPlaneNormal, viewUp] = SIDES[side];
    const { viewport } = this;
    viewport.setCamera({ viewPlaneNormal, viewUp });
    viewport.resetCamera();
    // Nothing is cut off, however it is turned.
    const { dimensions, spacing } = this.volume;
    const radius = Math.hypot(...dimensions.map((count, axis) => count * spacing[axis]!)) / 2;
    const { clientWidth, clientHeight } = viewport.element;
    viewport.setCamera({ parallelScale: radius * Math.max(1, clientHeight / clientWidth) });
    viewport.render();
  }

  /** Turns the volume about the axis that is up on the screen, or about the one to the right. */
  turn(degrees: number, isTilt = false): void {
    const { viewPlaneNormal, viewUp, position, focalPoint } = this.viewport.getCamera();
    const [normal, up] = [viewPlaneNormal!, viewUp!];
    const angle = (degrees * Math.PI) / 180;
    const right = crossed(up, normal);
    const turned = isTilt ? mixed(normal, up, angle) : mixed(normal, right, angle);
    const away = Math.hypot(...position!.map((one, axis) => one - focalPoint![axis]!));
    this.moving();
    this.viewport.setCamera({
      position: focalPoint!.map((one, axis) => one + turned[axis]! * away) as Types.Point3,
      focalPoint: focalPoint!,
      viewPlaneNormal: turned,
      viewUp: isTilt ? crossed(turned, right) : up,
    });
  }

  /** Draws coarsely until nothing moves any more. */
  moving(): void {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.sample(RESTING), REST_MS);
    if (!this.isCoarse) this.sample(MOVING);
  }

  private sample(coarser: number): void {
    this.isCoarse = coarser > RESTING;
    const [x, y, z] = this.volume.spacing;
    this.mapper.setSampleDistance(((x! + y! + z!) / 6) * coarser);
    this.viewport.render();
  }

  private get actor() {
    return this.viewport.getDefaultActor().actor as Types.VolumeActor;
  }

  private get mapper() {
    return this.actor.getMapper() as unknown as {
      setBlendMode(mode: number): void;
      setSampleDistance(mm: number): void;
    };
  }

  close(): void {
    clearTimeout(this.resting);
    if (this.engine.getViewport(this.id)) this.engine.disableElement(this.id);
  }
}

const crossed = (a: Types.Point3, b: Types.Point3): Types.Point3 => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

const mixed = (a: Types.Point3, b: Types.Point3, angle: number): Types.Point3 =>
  a.map((one, axis) => one * Math.cos(angle) + b[axis]! * Math.sin(angle)) as Types.Point3;
