import { expect, test } from "vitest";
import type { Value } from "~/server/measurements";
import { lines, named, nameShown, shown } from "./words";

const value = (name: Value["name"], number: number, unit: string): Value => ({ name, number, unit });

const statistics = (unit: string): Value[] => [
  value("mean", 2.5, unit),
  value("standard_deviation", 0.25, unit),
  value("minimum", 2, unit),
  value("maximum", 4, unit),
];

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
  expect(lines([value("area", 100, "mm2"), ...statistics(unit)], [])).toEqual([
    "Area 100.0 mm²",
    "Mean 2.50 ± 0.25 SUVbw",
    "Min 2.00   Max 4.00",
  ]);
  expect(lines([value("long_axis", 20, "mm"), value("short_axis", 10, "mm")], [])).toEqual([
    "L 20.0 mm",
    "S 10.0 mm",
  ]);
  expect(lines([], [])).toEqual([]);
});

test("below the lines are those of the PET that lies over it", () => {
  expect(lines([value("value", 40, "[hnsf'U]")], [value("value", 0.4, "{SUVbw}g/ml")])).toEqual([
    "40.0 HU",
    "PET: 0.40 SUVbw",
  ]);
  expect(lines([value("area", 100, "mm2")], statistics("Bq/ml"))).toEqual([
    "Area 100.0 mm²",
    "PET: Mean 2.5 ± 0.250 Bq/ml",
    "PET: Min 2.0   Max 4.0",
  ]);
  expect(named([value("area", 100, "mm2")], statistics("Bq/ml")).map(([name]) => name)).toEqual([
    "Area",
    "PET Mean",
    "PET SD",
    "PET Min",
    "PET Max",
  ]);
});
