import { expect, test } from "vitest";
import { drawWith, greysOf } from "./greys";
import { linear } from "./ramps";

test("a ramp runs from black to white", () => {
  expect(greysOf(linear(40, 400), [])).toEqual([
    { value: -160, grey: 0 },
    { value: 239, grey: 1 },
  ]);
});

test("a threshold lies between the values that there are: what is as large as it is black", () => {
  const [black, white] = greysOf(linear(0.7, 1), Float32Array.of(3, 0.2001, 0.1, -5));
  expect(black!.value).toBe(Math.fround(0.1));
  expect(white!.value).toBe(Math.fround(0.2001));
  expect(greysOf(linear(7.5, 1), [7, 7])).toEqual([
    { value: 7, grey: 0 },
    { value: 8, grey: 1 },
  ]);
});

test("a sigmoid is followed until it is as good as black and white (PS3.3 C.11.2.1.3.1)", () => {
  const greys = greysOf({ center: 40, width: 400, function: "SIGMOID", name: "" }, []);
  expect(greys.find(({ value }) => value === 40)?.grey).toBe(0.5);
  for (const { value, grey } of greys)
    expect(grey).toBeCloseTo(1 / (1 + Math.exp((-4 * (value - 40)) / 400)));
  expect([greys[0]!.grey * 255, (1 - greys.at(-1)!.grey) * 255].every((rest) => rest < 0.25)).toBe(true);
});

test("inverse is the other way around", () => {
  const told: unknown[] = [];
  drawWith({ setNodes: (nodes) => told.push(...nodes) > 0 }, greysOf(linear(1, 2), []), true);
  expect(told).toMatchObject([
    { x: 0, r: 1, g: 1, b: 1 },
    { x: 1, r: 0, g: 0, b: 0 },
  ]);
});
