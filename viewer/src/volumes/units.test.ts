import { expect, test } from "vitest";
import { noteFrames } from "~/imaging/frames";
import type { Series } from "~/server/study";
import { unitOf } from "./units";

function unit(modality: string, image: object): string {
  const instance = { uid: "3", image: { rescaleType: "", frames: [{}], ...image } };
  const ids = noteFrames("1", { uid: "2", instances: [instance] } as unknown as Series, modality);
  return unitOf({ modality, imageIds: ids.get("3")! });
}

test("values are Hounsfield units where nothing else is said of a CT", () => {
  expect(unit("CT", {})).toBe("HU");
  expect(unit("CT", { rescaleType: "HU" })).toBe("HU");
  expect(unit("CT", { rescaleType: "Z_EFF" })).toBe("Z_EFF");
  expect(unit("MR", { rescaleType: "US" })).toBe("");
  expect(unit("PT", { unit: "Bq/ml" })).toBe("Bq/ml");
});
