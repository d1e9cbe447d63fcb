import { expect, test } from "vitest";
import { clock, layOut, leadName, millivolts, partFrom, rangeOf } from "./waveform";

test("twelve leads in four columns share the time, three rows each", () => {
  const sheet = layOut(12, 10, { speed: 25, gain: 10, columns: 4 });
  expect(sheet.width).toBe(260);
  expect(sheet.strips[0]).toMatchObject({ from: 0, to: 2.5, x: 5 });
  expect(sheet.strips[3]).toMatchObject({ from: 2.5, to: 5, x: 67.5, y: sheet.strips[0]!.y });
  expect(new Set(sheet.strips.map((strip) => strip.y)).size).toBe(3);
});

test("a higher gain makes higher rows", () => {
  const [low, high] = [10, 20].map((gain) => layOut(2, 1, { speed: 25, gain, columns: 1 }));
  expect(high!.height).toBeGreaterThan(low!.height);
});

test("voltages are told from other units", () => {
  expect(millivolts({ label: "", unit: "uV" })).toBe(0.001);
  expect(millivolts({ label: "", unit: "mm[Hg]" })).toBeUndefined();
  expect(millivolts({ label: "", unit: null })).toBeUndefined();
});

test("leads have short names", () => {
  expect(leadName("Lead I (Einthoven)")).toBe("I");
  expect(leadName("Lead aVR")).toBe("aVR");
  expect(leadName("")).toBe("?");
});

test("a range leaves gaps out, and is never empty", () => {
  expect(rangeOf(new Float32Array([1, Number.NaN, 5]))).toEqual([1, 5]);
  expect(rangeOf(new Float32Array([2, 2]))).toEqual([1, 3]);
});

test("of a day a minute is on the sheet, or what is sent at a time", () => {
  const day = { label: "", samplingFrequencyHz: 128, samples: 86_400 * 128, part: 700_000, channels: [] };
  expect(partFrom(day, 0)).toEqual({ first: 0, count: 7680 });
  expect(partFrom(day, day.samples - 100)).toEqual({ first: day.samples - 100, count: 100 });
  expect(partFrom({ ...day, part: 500 }, 1000)).toEqual({ first: 1000, count: 500 });
  expect(partFrom({ ...day, samples: 3 }, 0).count).toBe(3);
});

test("a time is written as on a clock", () => {
  expect([7, 61, 3723, 86_400].map(clock)).toEqual(["0:07", "1:01", "1:02:03", "24:00:00"]);
});
