import { describe, expect, it } from "vitest";
import type { Instance, SeriesRow, Study } from "~/server/study";
import { asksForImages, hangStudy, layoutFor } from "./hanging";

const row = (uid: string, Modality: string, frames = 1, more: Partial<SeriesRow> = {}): SeriesRow => ({
  uid,
  kind: "image",
  instances: 1,
  frames,
  representative: `${uid}.1`,
  Modality,
  ...more,
});
const study = (...series: SeriesRow[]): Study => ({ uid: "1", series });
const mammogram = (laterality: string, view: string) =>
  ({ uid: `${laterality}${view}`, laterality, view, image: {} }) as Instance;
const none = new Map<string, Instance[]>();

describe("hanging", () => {
  it("shows the stack of a CT, not its scout", () => {
    const { cells, layout } = hangStudy(
      study(row("1", "CT", 2, { SeriesDescription: "Topogram" }), row("2", "CT", 80)),
      none,
    );
    expect(layout).toEqual({ rows: 1, columns: 1 });
    expect(cells.map((cell) => cell?.series.uid)).toEqual(["2"]);
  });

  it("lets breasts face each other, the right one at the left, whatever the order of the files", () => {
    const images = [mammogram("L", "MLO"), mammogram("R", "MLO"), mammogram("L", "CC"), mammogram("R", "CC")];
    const { cells, layout } = hangStudy(study(row("1", "MG", 4)), new Map([["1", images]]));
    expect(layout).toEqual({ rows: 2, columns: 2 });
    expect(cells.map((cell) => cell?.instance)).toEqual(["RCC", "LCC", "RMLO", "LMLO"]);
    expect(cells.map((cell) => cell?.edge)).toEqual(["right", "left", "right", "left"]);
  });

  it("keeps the side of a breast that is alone in its row", () => {
    const images = [mammogram("L", "MLO"), mammogram("L", "CC")];
    const { cells } = hangStudy(study(row("1", "MG", 2)), new Map([["1", images]]));
    expect(cells.map((cell) => cell?.instance)).toEqual([undefined, "LCC", undefined, "LMLO"]);
  });

  it("puts radiographs side by side, and one modality beside the other", () => {
    const radiographs = hangStudy(study(row("1", "DX"), row("2", "DX")), none);
    expect(radiographs.layout).toEqual({ rows: 1, columns: 2 });
    const fused = hangStudy(study(row("1", "CT", 90), row("2", "PT", 90)), none);
    expect(fused.cells.map((cell) => cell?.series.Modality)).toEqual(["CT", "PT"]);
  });

  it("asks for the images of those only that are hung by image", () => {
    expect(asksForImages(study(row("1", "CT", 500)))).toEqual([]);
    expect(asksForImages(study(row("1", "US"))).map(({ uid }) => uid)).toEqual(["1"]);
  });

  it("shows what is no image when there is nothing else", () => {
    const report = row("1", "SR", 0, { kind: "report" });
    expect(hangStudy(study(report), none).cells[0]?.series.uid).toBe("1");
    expect(hangStudy(study(report, row("2", "MR", 20)), none).cells[0]?.series.uid).toBe("2");
    expect(hangStudy(study(), none).cells).toEqual([undefined]);
  });

  it("divides the screen wide before high", () => {
    expect([1, 2, 3, 4, 16, 40].map(layoutFor)).toEqual([
      { rows: 1, columns: 1 },
      { rows: 1, columns: 2 },
      { rows: 2, columns: 2 },
      { rows: 2, columns: 2 },
      { rows: 4, columns: 4 },
      { rows: 4, columns: 4 },
    ]);
  });
});
