/** Fetches the images of a stack before they are asked for: from the shown one outwards, as many as memory may hold. */

import { cache, Enums, imageLoader, imageLoadPoolManager } from "@cornerstonejs/core";
import { givingUp } from "~/imaging/frame-loader";
import { bytesOf } from "~/imaging/frames";

/** What all cells together may fetch ahead; the cache holds more, so that what is shown is never let go for it. */
const BUDGET_BYTES = 768 << 20;
const AT_ONCE = 4;

/** The numbers of a stack from one outwards, more of them in the direction of travel: two ahead, one behind. */
export function* outwards(from: number, count: number, direction: 1 | -1): Generator<number> {
  let ahead = from + direction;
  let behind = from - direction;
  const inside = (number: number) => number >= 0 && number < count;
  while (inside(ahead) || inside(behind)) {
    for (let times = 0; times < 2; times++, ahead += direction) if (inside(ahead)) yield ahead;
    if (inside(behind)) yield behind;
    behind -= direction;
  }
}

let stacks = 0;

export class Prefetcher {
  /** What is asked for, and how to let go of it. */
  private readonly under = new Map<string, () => void>();
  private readonly failed = new Set<string>();
  private readonly most: number;
  private from = 0;
  private direction: 1 | -1 = 1;
  private stopped = false;

  constructor(private readonly imageIds: readonly string[]) {
    stacks++;
    this.most = BUDGET_BYTES / Math.max(1, bytesOf(imageIds[0] ?? ""));
  }

  /** Says which image is shown now. */
  around(index: number): void {
    if (index !== this.from) this.direction = index > this.from ? 1 : -1;
    this.from = index;
    this.fill();
  }

  /** Lets go of what is under way, unless another waits for it: another series takes the cell. */
  stop(): void {
    this.stopped = true;
    stacks--;
    for (const letGo of this.under.values()) letGo();
    this.under.clear();
  }

  private fill(): void {
    if (this.stopped) return;
    let near = 1;
    const most = Math.min(this.imageIds.length, this.most / Math.max(1, stacks));
    for (const index of outwards(this.from, this.imageIds.length, this.direction)) {
      if (this.under.size >= AT_ONCE || ++near > most) return;
      const imageId = this.imageIds[index]!;
      if (this.under.has(imageId) || this.failed.has(imageId) || cache.getImageLoadObject(imageId)) continue;
      this.fetch(imageId);
    }
  }

  private fetch(imageId: string): void {
    const type = Enums.RequestType.Prefetch;
    const details = { imageId };
    this.under.set(imageId, () =>
      imageLoadPoolManager.filterRequests(({ additionalDetails }) => additionalDetails !== details),
    );
    const load = () =>
      new Promise<void>((over) => {
        const isFirst = !cache.getImageLoadObject(imageId);
        const coming = imageLoader.loadAndCacheImage(imageId, { requestType: type, priority: 0 });
        const giveUp = isFirst ? givingUp(imageId) : () => {};
        this.under.set(imageId, () => {
          giveUp();
          over();
        });
        coming
          // Why it failed is said when somebody wants to see it; it is not asked for again and again.
          .catch(() => this.failed.add(imageId))
          .then(() => {
            over();
            this.done(imageId);
          });
      });
    imageLoadPoolManager.addRequest(load, type, details, 0);
  }

  private done(imageId: string): void {
    this.under.delete(imageId);
    this.fill();
  }
}
