import { beforeEach, expect, test, vi } from "vitest";

/** Cornerstone's cache and pool, as far as fetching ahead needs them: a frame comes when a test says so. */
const there = new Map<string, { loading: { promise: Promise<unknown> }; isLoaded: boolean }>();
const asked: string[] = [];
let queue: { load: () => Promise<void>; details: { imageId?: string } }[] = [];
const answers = new Map<string, { come: () => void; fail: () => void; signal: AbortSignal }>();

const cache = {
  getImageLoadObject: (id: string) => there.get(id)?.loading,
  isLoaded: (id: string) => !!there.get(id)?.isLoaded,
  removeImageLoadObject: (id: string) => there.delete(id),
};
const imageLoadPoolManager = {
  addRequest: (load: () => Promise<void>, _: string, details: object) => queue.push({ load, details }),
  filterRequests: (keep: (one: { additionalDetails: object }) => boolean) => {
    queue = queue.filter(({ details }) => keep({ additionalDetails: details }));
  },
};
const imageLoader = {
  loadAndCacheImage: (id: string): Promise<unknown> => {
    const found = there.get(id);
    if (found) return found.loading.promise;
    const entry = { loading: loadFrame(id) as unknown as { promise: Promise<unknown> }, isLoaded: false };
    there.set(id, entry);
    entry.loading.promise.then(
      () => {
        entry.isLoaded = true;
      },
      () => there.delete(id),
    );
    return entry.loading.promise;
  },
};
vi.mock("@cornerstonejs/core", () => ({
  cache,
  imageLoader,
  imageLoadPoolManager,
  utilities: { VoxelManager: { createImageVoxelManager: () => ({}) } },
  Enums: { RequestType: { Prefetch: "prefetch" }, MetadataModules: {} },
}));
vi.mock("@cornerstonejs/dicom-image-loader", () => ({}));
vi.mock("~/server/http", () => ({
  ask: (url: string, { signal }: { signal: AbortSignal }) =>
    new Promise((resolve, reject) => {
      const frame = /instances\/(\d)/.exec(url)![1]!;
      asked.push(frame);
      signal.addEventListener("abort", () => reject(new DOMException("given up", "AbortError")));
      const answer = {
        headers: new Headers({ "Filmless-Samples": "uint8" }),
        arrayBuffer: async () => new ArrayBuffer(1),
      };
      answers.set(frame, { come: () => resolve(answer), fail: () => reject(new Error("broken")), signal });
    }),
}));

const { loadFrame } = await import("~/imaging/frame-loader");
const { noteFrames } = await import("~/imaging/frames");
const { Prefetcher } = await import("./prefetch");

const image = { rows: 1, columns: 1, source: "samples", frames: [{}], bitsAllocated: 8 };
const instances = Array.from({ length: 9 }, (_, index) => ({ uid: String(index), image }));
const ids = [...noteFrames("s", { uid: "1", instances } as never, "US").values()].flat();

/** Starts what the pool holds, and lets what follows from it happen. */
async function run(): Promise<void> {
  for (const { load } of queue.splice(0)) void load();
  await settled();
}
const settled = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  there.clear();
  answers.clear();
  asked.length = 0;
  queue = [];
});

test("what is under way is given up with the stack, and may be asked for anew at once", async () => {
  const left = new Prefetcher(ids);
  left.around(0);
  await run();
  expect(asked).toEqual(["1", "2", "3", "4"]);
  left.stop();
  expect(answers.get("1")!.signal.aborted).toBe(true);
  const again = imageLoader.loadAndCacheImage(ids[1]!);
  await settled();
  expect(cache.getImageLoadObject(ids[1]!)).toBeDefined(); // nobody threw it out
  answers.get("1")!.come();
  expect(await again).toMatchObject({ imageId: ids[1] });
});

test("what another waits for comes, and stays", async () => {
  const left = new Prefetcher(ids);
  left.around(0);
  await run();
  const waited = imageLoader.loadAndCacheImage(ids[2]!);
  left.stop();
  expect(answers.get("2")!.signal.aborted).toBe(false);
  expect(answers.get("3")!.signal.aborted).toBe(true);
  answers.get("2")!.come();
  expect(await waited).toMatchObject({ imageId: ids[2] });
  expect(cache.isLoaded(ids[2]!)).toBe(true);
});

test("what another asked for first is not given up, nor is what another has in the queue", async () => {
  const shown = imageLoader.loadAndCacheImage(ids[1]!);
  const [left, stays] = [new Prefetcher(ids), new Prefetcher(ids)];
  left.around(0);
  stays.around(0);
  left.stop();
  await run();
  expect(asked).toEqual(["1", "2", "3", "4", "5"]);
  for (const { come } of answers.values()) come();
  await settled();
  expect(await shown).toMatchObject({ imageId: ids[1] });
  await run(); // it goes on
  expect(asked).toEqual(["1", "2", "3", "4", "5", "6", "7", "8"]);
  stays.stop();
});

test("what failed is not asked for again and again", async () => {
  const prefetcher = new Prefetcher(ids.slice(0, 3));
  prefetcher.around(0);
  await run();
  answers.get("1")!.fail();
  await settled();
  await run();
  expect(asked).toEqual(["1", "2"]);
  prefetcher.stop();
});
