import { expect, test } from "vitest";
import { filesetUrl, frameUrl, seriesFilmUrl, windowQuery } from "./giving";

const REF = { study: "1.2", series: "1.2.3", instance: "1.2.3.4" };

test("a window is as rendered resources have it", () => {
  const window = { center: -600, width: 1500, name: "Lung" };
  expect(windowQuery({ ...window, function: "LINEAR" })).toBe("-600,1500,linear");
  expect(windowQuery({ ...window, function: "LINEAR_EXACT", width: 0.5 })).toBe("-600,0.5,linear-exact");
  expect(windowQuery({ ...window, function: "LINEAR", width: 0.5 })).toBe("-600,1,linear");
  expect(windowQuery({ ...window, function: "SIGMOID" })).toBe("-600,1500,sigmoid");
});

test("addresses name what is asked for", () => {
  expect(frameUrl(REF, 3, { accept: "image/png" })).toBe(
    "/dicom-web/studies/1.2/series/1.2.3/instances/1.2.3.4/frames/3/rendered?accept=image%2Fpng",
  );
  expect(seriesFilmUrl("1.2", "1.2.3", { accept: "video/mp4", fps: 500 })).toBe(
    "/viewer/studies/1.2/series/1.2.3/film?accept=video%2Fmp4&fps=120",
  );
  expect(filesetUrl(["1.2"], "1.2.3")).toBe("/viewer/fileset?study=1.2&series=1.2.3");
  expect(filesetUrl(["1", "2"])).toBe("/viewer/fileset?study=1&study=2");
});
