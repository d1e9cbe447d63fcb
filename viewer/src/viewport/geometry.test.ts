import { describe, expect, it } from "vitest";
import { barLength, besideBar, cutOf, letters, nearest, opposite, planeOf, type Vector } from "./geometry";
import { chosenWindow, rampOf, windowOf } from "./windows";

const axial = (z: number) => ({
  position: [0, 0, z] as Vector,
  orientation: [1, 0, 0, 0, 1, 0] as [number, number, number, number, number, number],
});

describe("directions", () => {
  it("are said in letters, the strongest first", () => {
    expect(letters([-1, 0, 0])).toBe("R");
    expect(letters([-0.8, -0.6, 0])).toBe("RA");
    expect(letters([0, 0.1, 0.99])).toBe("H");
    expect(opposite("RA")).toBe("LP");
  });
});

describe("planes", () => {
  it("are found by a point", () => {
    expect(nearest([axial(0), axial(5), axial(10)], [3, 3, 6])?.index).toBe(1);
    expect(nearest([{}, {}], [0, 0, 0])).toBeUndefined();
  });

  it("cut one another in a line, parallel ones do not", () => {
    const sagittal = planeOf({ position: [5, 0, -10], orientation: [0, 1, 0, 0, 0, 1] })!;
    const cut = cutOf(planeOf(axial(0))!, 20, 30, sagittal)!;
    expect(cut.map((end) => end.map((part) => Math.round(part)))).toEqual([
      [5, 0, 0],
      [5, 30, 0],
    ]);
    expect(cutOf(planeOf(axial(0))!, 20, 30, planeOf(axial(5))!)).toBeUndefined();
  });
});

describe("the scale bar", () => {
  it("has a length that is easy to read", () => {
    expect([7, 49, 210].map(barLength)).toEqual([5, 20, 200]);
    expect([0.02, 0.5, 5, 20].map(besideBar)).toEqual(["20 µm", "0.5 mm", "5 mm", "2 cm"]);
  });
});

describe("windows", () => {
  it("of LINEAR have a ramp that is one shorter (PS3.3 C.11.2.1.2.1)", () => {
    const ramp = rampOf({ center: 40, width: 400, function: "LINEAR", name: "" });
    expect([ramp.lower, ramp.upper]).toEqual([-160, 239]);
    expect(windowOf(ramp.lower, ramp.upper)).toMatchObject({ center: 40, width: 400 });
  });

  it("are made of the values where the file has none, but for ordinary pictures", () => {
    const image = {
      photometricInterpretation: "MONOCHROME2",
      bitsStored: 8,
      signed: false,
      isRescaled: false,
    };
    const known = (more: object) => ({ image: { ...image, ...more }, frame: {} }) as never;
    const file = { kind: "file", number: 0 } as const;
    expect(rampOf(chosenWindow(file, known({}), [3, 7]))).toMatchObject({ lower: 0, upper: 255 });
    expect(rampOf(chosenWindow(file, known({ bitsStored: 12 }), [3, 7]))).toMatchObject({
      lower: 3,
      upper: 7,
    });
  });
});
