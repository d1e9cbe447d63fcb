/** A stack of images in a cell: what of it is shown and how, as signals, and what can be done with it. */

import { cache, Enums, type Types } from "@cornerstonejs/core";
import { signal } from "@preact/signals";
import { frameOf, type KnownFrame } from "~/imaging/frames";
import type { Edges, PaintedViewport } from "~/imaging/painted-viewport";
import { toldWindow } from "~/imaging/ramps";
import type { Window } from "~/server/study";
import { Cine } from "./cine";
import type { Vector } from "./geometry";
import { Prefetcher } from "./prefetch";
import { askedRange, type Choice, chosenWindow, rampOf } from "./windows";

const { Events } = Enums;

export class StackView {
  /** The image that is asked for, from 0, and the one that is drawn. */
  readonly wanted = signal(0);
  readonly shown = signal(0);
  readonly choice = signal<Choice>({ kind: "file", number: 0 });
  /** The window as it is drawn. */
  readonly window = signal<Window | undefined>(undefined);
  readonly isInverted = signal(false);
  readonly isSmooth = signal(true);
  /** Counts changes of where the image lies in the cell. */
  readonly moved = signal(0);
  /** Whether an image is there. */
  readonly hasBegun = signal(false);
  /** Why the wanted image is not shown. */
  readonly error = signal<unknown>(undefined);
  readonly cine: Cine;

  private readonly prefetcher: Prefetcher;
  private readonly listeners: [string, EventListener][] = [];
  private isSetting = false;
  private isOver = false;
  /** Whether an image was seen: the others wait for it. */
  private isDrawn = false;
  private drawn: Types.IImage | undefined;

  constructor(
    readonly viewport: PaintedViewport,
    readonly imageIds: string[],
  ) {
    this.cine = new Cine(this);
    this.prefetcher = new Prefetcher(imageIds);
    viewport.onFailure = (error) => this.fail(this.wanted.peek(), error);
    this.listen(Events.STACK_NEW_IMAGE, () => this.onImage());
    this.listen(Events.STACK_VIEWPORT_SCROLL, (event) =>
      this.onWanted((event as CustomEvent<{ newImageIdIndex: number }>).detail.newImageIdIndex),
    );
    // The wheel asks a little later: what is asked for last is what will be shown.
    this.listen(Events.PRE_STACK_NEW_IMAGE, (event) =>
      this.onWanted((event as CustomEvent<{ imageIdIndex: number }>).detail.imageIdIndex),
    );
    this.listen(Events.IMAGE_RENDERED, () => this.onDrawn());
    this.listen(Events.CAMERA_MODIFIED, () => this.onMoved());
    this.listen(Events.VOI_MODIFIED, (event) =>
      this.onWindow(event as CustomEvent<{ range: Types.VOIRange }>),
    );
  }

  get known(): KnownFrame | undefined {
    return frameOf(this.imageIds[this.shown.value] ?? "");
  }

  /** Shows the first image; the others follow in the background. */
  async begin(index: number): Promise<void> {
    this.wanted.value = this.shown.value = index;
    await this.viewport.setStack(this.imageIds, index);
    if (this.isOver) return;
    this.settle(index);
    // It failed, and the others may be there.
    if (this.error.peek()) this.prefetcher.around(this.wanted.peek());
  }

  end(): void {
    this.isOver = true;
    this.cine.stop();
    this.prefetcher.stop();
    for (const [name, listener] of this.listeners) this.viewport.element.removeEventListener(name, listener);
  }

  // --- images ---

  /** Whether the wanted image is still to come. */
  get isWaiting(): boolean {
    const isThere = this.hasBegun.peek() && this.wanted.peek() === this.shown.peek();
    return !isThere && !this.error.peek();
  }

  isLoaded(index: number): boolean {
    return cache.isLoaded(this.imageIds[index] ?? "");
  }

  /** Sees to it that an image comes soon. */
  wants(index: number): void {
    this.prefetcher.around(index - 1);
  }

  show(index: number): void {
    const inside = Math.min(Math.max(index, 0), this.imageIds.length - 1);
    if (this.isOver) return;
    if (inside === this.wanted.peek()) {
      // Cornerstone holds that it shows what it was asked for last.
      if (this.error.peek()) this.retry();
      return;
    }
    this.onWanted(inside);
    this.viewport.setImageIdIndex(inside).then(
      () => this.settle(inside),
      (error: unknown) => this.fail(inside, error),
    );
  }

  scroll(by: number): void {
    this.cine.stop();
    this.show(this.wanted.peek() + by);
  }

  /** Asks for the wanted image once more. */
  retry(): void {
    const index = this.wanted.peek();
    this.error.value = undefined;
    this.viewport.setStack(this.imageIds, index).then(
      () => this.settle(index),
      (error: unknown) => this.fail(index, error),
    );
  }

  /** Notes when an image came and is not drawn: of that Cornerstone says nothing. */
  settle(index: number): void {
    if (this.isOver || this.error.peek() || index !== this.wanted.peek()) return;
    if (this.viewport.getCornerstoneImage()?.imageId === this.imageIds[index] && this.hasBegun.peek()) return;
    this.fail(index, new Error("the image came, and the browser cannot draw it"));
  }

  /** Notes that an image did not come. */
  fail(index: number, error: unknown): void {
    if (index === this.wanted.peek()) this.error.value = error ?? new Error("the image does not come");
  }

  // --- grey ---

  /** Chooses a window. */
  choose(choice: Choice): void {
    this.choice.value = choice;
    this.drawWindow();
    this.viewport.render();
  }

  invert(): void {
    this.isInverted.value = !this.isInverted.value;
    this.drawWindow();
    this.viewport.render();
  }

  smooth(on: boolean): void {
    this.isSmooth.value = on;
    this.drawWindow();
    this.viewport.render();
  }

  // --- place ---

  rotate(degrees: number): void {
    const { rotation = 0 } = this.viewport.getViewPresentation();
    const { isFitted } = this.viewport;
    this.viewport.setViewPresentation({ rotation: (rotation + degrees + 360) % 360 });
    if (isFitted) this.viewport.refit();
    this.viewport.render();
  }

  flip(how: "flipHorizontal" | "flipVertical"): void {
    const now = this.viewport.getViewPresentation()[how] ?? false;
    this.viewport.setViewPresentation({ [how]: !now });
    this.viewport.render();
  }

  zoom(by: number): void {
    this.viewport.setZoom(this.viewport.getZoom() * by);
    this.viewport.render();
  }

  /** Shows the whole image, or a part of it, as large as the cell allows; it stays turned. */
  fit(part?: Edges): void {
    this.viewport.fit(part);
    this.viewport.render();
  }

  /** Shows a pixel of the image as one of the screen. */
  oneToOne(): void {
    const camera = this.viewport.getCamera();
    const scale = (camera.parallelScale ?? 1) * this.scale;
    this.viewport.setCamera({ ...camera, parallelScale: scale });
    this.toPixelGrid();
    this.viewport.render();
  }

  /** Puts all back as it was in the beginning, but for the image that is shown. */
  reset(): void {
    this.isInverted.value = false;
    this.choice.value = { kind: "file", number: 0 };
    this.viewport.resetCamera();
    this.viewport.fit();
    this.drawWindow();
    this.viewport.render();
  }

  /** How many pixels of the screen a pixel of the image takes. */
  get scale(): number {
    this.follow();
    const image = this.viewport.getImageData();
    if (!image) return 1;
    const [a, b] = [this.toCanvas([0, 0]), this.toCanvas([0, 1])];
    return Math.hypot(b[0] - a[0], b[1] - a[1]) * devicePixelRatio;
  }

  /** Where a place in the image (column, row; whole numbers are the centres of pixels) is in the cell, in CSS pixels. */
  toCanvas([column, row]: [number, number]): [number, number] {
    this.follow();
    const image = this.viewport.getImageData()!;
    const world = image.imageData.indexToWorld!([column, row, 0]) as Types.Point3;
    return this.viewport.worldToCanvas(world) as [number, number];
  }

  /** Where a point of the patient is in the cell, in CSS pixels. */
  pointToCanvas(point: Vector): [number, number] {
    this.moved.value;
    return this.viewport.worldToCanvas(point) as [number, number];
  }

  /** Moves the image by less than a pixel, so that its pixels lie on those of the screen. */
  private toPixelGrid(): void {
    const [left, top] = this.toCanvas([-0.5, -0.5]).map((place) => place * devicePixelRatio) as [
      number,
      number,
    ];
    // A half goes down, also where it is a little more by the arithmetic.
    const near = (place: number) => Math.floor(place + 0.49);
    const off: [number, number] = [
      (near(left) - left) / devicePixelRatio,
      (near(top) - top) / devicePixelRatio,
    ];
    if (Math.hypot(...off) >= 1e-6) this.viewport.move(off);
  }

  /** A vector of the patient (or of the image, without an orientation) that runs to the right, or down, on the screen. */
  wayOf(x: number, y: number): Vector {
    this.follow();
    const from = this.viewport.canvasToWorld([0, 0]);
    const to = this.viewport.canvasToWorld([x, y]);
    return [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
  }

  /** Has a component that asks where something is drawn anew when the image moves: by itself it would not be. */
  private follow(): void {
    void this.moved.value;
  }

  // --- what Cornerstone says ---

  private listen(name: string, listener: EventListener): void {
    this.listeners.push([name, listener]);
    this.viewport.element.addEventListener(name, listener);
  }

  private onWanted(index: number): void {
    this.wanted.value = index;
    this.error.value = undefined;
  }

  private onImage(): void {
    const index = this.viewport.getCurrentImageIdIndex();
    this.shown.value = index;
    this.error.value = undefined;
    // A cell that was measured before has Cornerstone keep a place that is of no image.
    if (!this.hasBegun.peek()) this.viewport.resetCamera();
    this.drawWindow();
    this.hasBegun.value = true;
    this.onMoved();
    if (this.isDrawn) this.prefetcher.around(index);
  }

  private onDrawn(): void {
    if (this.isDrawn || !this.hasBegun.peek()) return;
    this.isDrawn = true;
    this.prefetcher.around(this.wanted.peek());
  }

  private onMoved(): void {
    this.moved.value++;
  }

  /** The pointer changed the window. */
  private onWindow({ detail: { range } }: CustomEvent<{ range: Types.VOIRange }>): void {
    // With an image, Cornerstone sets what it takes for its window.
    if (this.isSetting || this.viewport.getCornerstoneImage() !== this.drawn) return;
    const window = askedRange(range.lower, range.upper, this.window.peek(), this.known);
    this.choice.value = { kind: "set", window };
    // What Cornerstone was told is not what is seen.
    this.drawWindow();
  }

  /** Draws the window that is chosen for the image that is there. */
  private drawWindow(): void {
    const { known } = this;
    const image = this.viewport.getCornerstoneImage();
    if (!known || !image) return;
    this.drawn = image;
    const window = chosenWindow(this.choice.peek(), known, [image.minPixelValue, image.maxPixelValue]);
    const isInverse = known.image.photometricInterpretation === "MONOCHROME1";
    this.viewport.look = {
      window,
      isInverse: isInverse !== this.isInverted.peek(),
      isSmooth: this.isSmooth.peek(),
    };
    // What dragging begins with.
    const { lower, upper } = rampOf(toldWindow(window));
    this.isSetting = true;
    try {
      this.viewport.setProperties({ voiRange: { lower, upper } });
    } finally {
      this.isSetting = false;
    }
    this.window.value = window;
  }
}
