import { expect, test } from "vitest";
import type { ImageDescription, Series } from "~/server/study";
import { drawnSpacing, frameOf, noteFrames, paddingOf } from "./frames";

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

test("padding is compared with values as they are drawn: as uptake, in single precision", () => {
  const [slope, suvbw] = [0.1, 0.0003];
  const image = { padding: [-2000 * slope, -1000 * slope], suvbw } as ImageDescription;
  const [padding] = Float32Array.from([-2000], (stored) => stored * slope * suvbw);
  const [from, to] = paddingOf(image)!;
  expect(padding! >= from && padding! <= to).toBe(true);
  expect(paddingOf({ padding: [-1.1, -1.1] } as ImageDescription)).toEqual([
    Math.fround(-1.1),
    Math.fround(-1.1),
  ]);
  expect(paddingOf({} as ImageDescription)).toBeUndefined();
});

test("pixels are drawn as large as is said, or as high for their width", () => {
  const image = { imagerPixelSpacing: [0.2, 0.1], pixelAspectRatio: [4, 3] } as ImageDescription;
  expect(drawnSpacing({ image, frame: { spacing: [1, 2] } })).toEqual([1, 2]);
  expect(drawnSpacing({ image, frame: {} })).toEqual([0.2, 0.1]);
  expect(drawnSpacing({ image: { pixelAspectRatio: [4, 3] } as ImageDescription, frame: {} })).toEqual([
    4 / 3,
    1,
  ]);
  expect(drawnSpacing({ image: {} as ImageDescription, frame: {} })).toEqual([1, 1]);
});
