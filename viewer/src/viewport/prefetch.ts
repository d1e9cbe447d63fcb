/** Fetches the images of a stack before they are asked for: from the shown one outwards, as many as memory may hold. */

import { cache, Enums, imageLoader, imageLoadPoolManager } from "@cornerstonejs/core";
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
  private readonly under = new Set<string>();
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

  /** Lets go of what is under way: another series takes the cell. */
  stop(): void {
    this.stopped = true;
    stacks--;
    imageLoadPoolManager.filterRequests(
      ({ additionalDetails }) => !this.under.has(additionalDetails.imageId ?? ""),
    );
    for (const imageId of this.under) {
      const loading = cache.getImageLoadObject(imageId);
      if (!loading || cache.isLoaded(imageId)) continue;
      loading.cancelFn?.();
      cache.removeImageLoadObject(imageId, { force: true });
    }
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
    this.under.add(imageId);
    const type = Enums.RequestType.Prefetch;
    const load = () =>
      imageLoader.loadAndCacheImage(imageId, { requestType: type, priority: 0 }).then(
        () => this.done(imageId),
        () => {
          // Said when somebody wants to see it; not asked for again and again.
          this.failed.add(imageId);
          this.done(imageId);
        },
      );
    imageLoadPoolManager.addRequest(load, type, { imageId }, 0);
  }

  private done(imageId: string): void {
    this.under.delete(imageId);
    this.fill();
  }
}
