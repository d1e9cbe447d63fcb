import { afterEach, expect, test, vi } from "vitest";
import type { KnownFrame } from "~/imaging/frames";
import { Derived, type DerivedObject, placeOf } from "./objects";

const OBJECT = {
  kind: "segmentation",
  study: "1",
  series: "2",
  instance: "3",
  label: "",
  parts: [],
} as DerivedObject;
const frame = (number: number) =>
  placeOf({ ref: { study: "1", series: "4", instance: "5" }, number } as KnownFrame);

afterEach(() => vi.unstubAllGlobals());

test("layers are kept by what they take, those that were looked at last", async () => {
  const asked = vi.fn(async () => new Response(new Uint8Array(100), { headers: { "Filmless-Parts": "1" } }));
  vi.stubGlobal("fetch", asked);
  const derived = new Derived(2000);
  const look = async (number: number) => {
    derived.layerOf(OBJECT, frame(number));
    await vi.waitFor(() => expect(derived.layerOf(OBJECT, frame(number))).toBeDefined());
  };
  for (let number = 1; number <= 30; number++) {
    await look(number);
    await look(1);
  }
  expect(asked).toHaveBeenCalledTimes(30);
  await look(30);
  await look(20);
  expect(asked).toHaveBeenCalledTimes(30);
  await look(2);
  expect(asked).toHaveBeenCalledTimes(31);
});

test("of images that are scrolled past, few layers are asked for", async () => {
  const answers: (() => void)[] = [];
  const asked = vi.fn(
    () =>
      new Promise<Response>((resolve) => {
        const headers = { "Filmless-Parts": "1" };
        answers.push(() => resolve(new Response(new Uint8Array(1), { headers })));
      }),
  );
  vi.stubGlobal("fetch", asked);
  const derived = new Derived();
  for (let number = 1; number <= 50; number++) derived.layerOf(OBJECT, frame(number));
  expect(asked).toHaveBeenCalledTimes(3);
  answers[0]!();
  await vi.waitFor(() => expect(derived.came.value).toBe(1));
  derived.layerOf(OBJECT, frame(50));
  expect(asked).toHaveBeenCalledTimes(4);
});
