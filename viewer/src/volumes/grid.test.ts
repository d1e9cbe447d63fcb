import { expect, test } from "vitest";
import type { KnownFrame } from "~/imaging/frames";
import { volumeOf } from "./grid";
import { gapAround, loadingOrder } from "./loading-order";
import { lettersOf } from "./orientation";
import { resampled } from "./slices";

type Place = [number, number, number];
type Six = [number, number, number, number, number, number];

interface Said {
  orientation?: Six;
  rescale?: [number, number];
  bitsStored?: number;
  photometricInterpretation?: "MONOCHROME2" | "RGB";
}

const frame = (position: Place, said: Said = {}): { id: string; known: KnownFrame } => {
  const { orientation = [1, 0, 0, 0, 1, 0], rescale = [1, -1024], ...image } = said;
  return {
    id: position.join(),
    known: {
      ref: { study: "1", series: "2", instance: "3" },
      number: 1,
      modality: "CT",
      instance: {} as KnownFrame["instance"],
      image: {
        rows: 100,
        columns: 80,
        source: "stored",
        photometricInterpretation: "MONOCHROME2",
        bitsAllocated: 16,
        bitsStored: 12,
        signed: false,
        frameOfReferenceUID: "1.2",
        rescaleType: "HU",
        isRescaled: true,
        frames: [],
        ...image,
      },
      frame: { position, orientation, spacing: [0.5, 0.7], thickness: 9, rescale },
    },
  };
};

const at = (heights: number[], said?: Said) => heights.map((z) => frame([0, 0, z], said));

test("slices are sorted along their normal, and spaced by where they lie", () => {
  const { grid } = volumeOf(at([6, 0, 4, 2]));
  expect(grid?.imageIds).toEqual(["0,0,0", "0,0,2", "0,0,4", "0,0,6"]);
  expect(grid?.spacing).toEqual([0.7, 0.5, 2]);
  expect(grid?.dimensions).toEqual([80, 100, 4]);
  expect(grid?.samples).toBe("Int16Array");
});

test("rounded positions are even, others are not", () => {
  expect(volumeOf(at([0, 0.6, 1.3, 1.9, 2.5])).grid?.spacing[2]).toBeCloseTo(0.625);
  expect(volumeOf(at([0, 2, 4, 8, 10])).reason).toBe("1 slice is missing between the others");
  expect(volumeOf(at([0, 2, 5, 9])).reason).toContain("2.00 to 4.00 mm");
});

test("two slices are too few, and it is not said that they lie nowhere", () => {
  expect(volumeOf(at([0, 2])).reason).toBe("a volume takes 3 images or more");
});

test("what lies at one place is taken once", () => {
  const twice = volumeOf(at([0, 0, 2, 2, 4, 4]));
  expect(twice.grid?.dimensions[2]).toBe(3);
  expect(twice.grid?.notes).toEqual(["the first of 2 images at each place is shown"]);
  expect(volumeOf(at([1, 1, 1, 1])).reason).toContain("one place");
});

test("localizers, single images and colours are no volume", () => {
  const turned = [
    frame([0, 0, 0]),
    frame([1, 0, 0], { orientation: [0, 1, 0, 0, 0, -1] }),
    frame([2, 0, 0], { orientation: [1, 0, 0, 0, 0, -1] }),
  ];
  expect(volumeOf(turned).reason).toContain("localizers");
  expect(volumeOf([frame([0, 0, 0])]).reason).toContain("one");
  expect(volumeOf([]).reason).toContain("no images");
  expect(volumeOf(at([0, 1, 2], { photometricInterpretation: "RGB" })).reason).toContain("colour");
  const { grid } = volumeOf([...at([0, 1, 2, 3]), turned[1]!]);
  expect(grid?.notes).toEqual(["1 image is of another size or direction, and left out"]);
});

test("a tilted gantry is seen in how slices begin", () => {
  const tilted = [0, 1, 2, 3].map((slice) => frame([0, slice * -1.4, slice * 5]));
  const { grid } = volumeOf(tilted);
  expect(grid?.shift.map((one) => Math.round(one * 100) / 100)).toEqual([0, -2.8]);
  const crooked = [0, 1, 2, 3].map((slice) => frame([0, slice === 2 ? 30 : 0, slice * 5]));
  expect(volumeOf(crooked).reason).toContain("one upon the other");
});

test("values have room", () => {
  expect(volumeOf(at([0, 1, 2], { bitsStored: 16, rescale: [1, -1024] })).grid?.samples).toBe("Float32Array");
  expect(volumeOf(at([0, 1, 2], { bitsStored: 16, rescale: [1, 0] })).grid?.samples).toBe("Uint16Array");
  expect(volumeOf(at([0, 1, 2], { rescale: [0.5, 0] })).grid?.samples).toBe("Float32Array");
});

test("slices come coarsely first, each once", () => {
  const order = loadingOrder(50);
  expect(order.slice(0, 6)).toEqual([24, 0, 16, 32, 48, 49]);
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index));
  const there = new Set([0, 8]);
  expect(gapAround(0, 20, (index) => there.has(index))).toEqual([1, 2, 3, 4]);
  expect(gapAround(8, 12, (index) => there.has(index))).toEqual([7, 6, 5, 4, 9, 10, 11]);
});

test("a moved slice has values between those of its frame", () => {
  const pixels = new Int16Array([0, 10, 20, 30]);
  const moved = resampled(pixels, 4, 1, { columns: 5, rows: 1, from: [-0.5, 0], step: 1 }, -9);
  expect([...moved]).toEqual([-9, 5, 15, 25, 30]);
});

test("directions have letters", () => {
  expect(lettersOf([1, 0, 0])).toBe("L");
  expect(lettersOf([-0.9, 0, 0.4])).toBe("RH");
  expect(lettersOf([0, -1, 0.1])).toBe("A");
});
