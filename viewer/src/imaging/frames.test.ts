import { expect, test } from "vitest";
import type { Series } from "~/server/study";
import { frameOf, noteFrames } from "./frames";

test("a frame has what the one before has, unless it is said to lack it", () => {
  const frames = [{ position: [1, 2, 3], spacing: [1, 1] }, { position: [1, 2, 4] }, { position: null }, {}];
  const series = { uid: "2", instances: [{ uid: "3", image: { frames } }] } as unknown as Series;
  const ids = noteFrames("1", series, "CT").get("3")!;
  expect(ids.map((id) => frameOf(id)?.frame)).toEqual([
    { position: [1, 2, 3], spacing: [1, 1] },
    { position: [1, 2, 4], spacing: [1, 1] },
    { spacing: [1, 1] },
    { spacing: [1, 1] },
  ]);
});
