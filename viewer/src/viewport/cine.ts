/** Films: which image is shown when, by the file's times. */

import { signal } from "@preact/signals";
import { frameOf } from "~/imaging/frames";
import type { StackView } from "./view";

export type Ending = "loop" | "bounce";

const DEFAULT_FPS = 12;

/** The part of a stack that is one film: the frames of the shown instance, or all of a series of single images. */
export function filmOf(imageIds: readonly string[], shown: number): { first: number; last: number } {
  const own = frameOf(imageIds[shown] ?? "");
  if (!own || own.image.frames.length < 2) return { first: 0, last: imageIds.length - 1 };
  const first = shown - (own.number - 1);
  return { first, last: first + own.image.frames.length - 1 };
}

/** How long a frame is shown, in ms, as its file says; undefined when it does not. */
export function fileTime(imageId: string): number | undefined {
  const known = frameOf(imageId);
  const times = known?.image.frameTimesMs;
  if (!known || !times?.length) return undefined;
  const time = times.length > 1 ? times[known.number - 1] : times[0];
  return time && time > 0 ? time : undefined;
}

/** The image after one, and in which direction the film goes on. */
export function after(
  shown: number,
  direction: 1 | -1,
  { first, last }: { first: number; last: number },
  ending: Ending,
): [number, 1 | -1] {
  const next = shown + direction;
  if (next >= first && next <= last) return [next, direction];
  if (ending === "loop") return [direction > 0 ? first : last, direction];
  const back = direction > 0 ? -1 : 1;
  return [Math.min(Math.max(shown + back, first), last), back];
}

/** Plays the stack of a viewport. An image that is not there yet is waited for, so that none is left out. */
export class Cine {
  readonly playing = signal(false);
  /** Images per second; undefined goes by the file's times. */
  readonly fps = signal<number | undefined>(undefined);
  readonly ending = signal<Ending>("loop");

  private direction: 1 | -1 = 1;
  private due = 0;
  private request = 0;

  constructor(private readonly view: StackView) {}

  /** Images per second of what is shown: as chosen, or as the file says. */
  get rate(): number {
    const own = fileTime(this.view.imageIds[this.view.shown.peek()] ?? "");
    return this.fps.value ?? (own ? 1000 / own : DEFAULT_FPS);
  }

  toggle(): void {
    if (this.playing.value) this.stop();
    else this.play();
  }

  play(): void {
    const { first, last } = filmOf(this.view.imageIds, this.view.shown.peek());
    if (last <= first || this.playing.value) return;
    this.playing.value = true;
    this.due = performance.now() + this.timeOf(this.view.shown.peek());
    this.request = requestAnimationFrame(this.tick);
  }

  stop(): void {
    cancelAnimationFrame(this.request);
    this.playing.value = false;
  }

  private timeOf(index: number): number {
    if (this.fps.value) return 1000 / this.fps.value;
    return fileTime(this.view.imageIds[index] ?? "") ?? 1000 / DEFAULT_FPS;
  }

  private readonly tick = (now: number): void => {
    if (!this.playing.value) return;
    this.request = requestAnimationFrame(this.tick);
    if (now < this.due || this.view.isWaiting) return;
    const shown = this.view.shown.peek();
    const [next, direction] = after(
      shown,
      this.direction,
      filmOf(this.view.imageIds, shown),
      this.ending.value,
    );
    if (!this.view.isLoaded(next)) {
      this.view.wants(next);
      return;
    }
    this.direction = direction;
    // What was late does not make the next ones hurry.
    this.due = Math.max(this.due + this.timeOf(next), now);
    this.view.show(next);
  };
}
