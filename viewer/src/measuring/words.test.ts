import { expect, test } from "vitest";
import type { Value } from "~/server/measurements";
import { lines, nameShown, shown } from "./words";

const value = (name: Value["name"], number: number, unit: string): Value => ({ name, number, unit });

test("numbers have as many places as mean something, and units as people write them", () => {
  expect(shown(value("length", 26.4587, "mm"))).toBe("26.5 mm");
  expect(shown(value("length", 0.12345, "mm{imager}"))).toBe("0.123 mm (imager)");
  expect(shown(value("area", 1234.5, "mm2"))).toBe("1235 mm²");
  expect(shown(value("angle", 89.96, "deg"))).toBe("90.0°");
  expect(shown(value("mean", -0.04, "[hnsf'U]"))).toBe("0.0 HU");
  expect(shown(value("mean", -12.34, "[hnsf'U]"))).toBe("−12.3 HU");
  expect(shown(value("value", 77, "1"))).toBe("77");
  expect(shown(value("maximum", 4.256, "{SUVbw}g/ml"))).toBe("4.26 SUVbw");
  expect(shown(value("mean", 12345.6, "Bq/ml"))).toBe("12346 Bq/ml");
});

test("codes of the server are called as its words, others as they call themselves", () => {
  const code = (name: string, meaning = "x") => ({ value: name, scheme: "SCT", meaning });
  expect(nameShown(value(code("410668003"), 1, "mm"))).toBe("Length");
  const derived = { ...value(code("112031"), 1, "[hnsf'U]"), derivation: code("373098007") };
  expect(nameShown(derived)).toBe("Mean");
  expect(nameShown(value(code("0", "Thickness of the wall"), 1, "mm"))).toBe("Thickness of the wall");
});

test("the lines beside a drawing", () => {
  const unit = "{SUVbw}g/ml";
  expect(
    lines([
      value("area", 100, "mm2"),
      value("mean", 2.5, unit),
      value("standard_deviation", 0.25, unit),
      value("minimum", 2, unit),
      value("maximum", 4, unit),
    ]),
  ).toEqual(["Area 100.0 mm²", "Mean 2.50 ± 0.25 SUVbw", "Min 2.00   Max 4.00"]);
  expect(lines([value("long_axis", 20, "mm"), value("short_axis", 10, "mm")])).toEqual([
    "L 20.0 mm",
    "S 10.0 mm",
  ]);
  expect(lines([])).toEqual([]);
});
