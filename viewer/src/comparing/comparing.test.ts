import { expect, test } from "vitest";
import type { Instance, SeriesRow, Study } from "~/server/study";
import type { Plane } from "~/viewport/geometry";
import { likeness, mostAlike, planeNamed } from "./alike";
import { followed } from "./following";
import { hangCompared } from "./hang-compared";
import { areOfOnePatient, compareDates, priorsOf } from "./order";

const row = (uid: string, more: Partial<SeriesRow> = {}): SeriesRow => ({
  uid,
  kind: "image",
  instances: 30,
  frames: 30,
  representative: `${uid}.1`,
  Modality: "MR",
  ...more,
});
const study = (uid: string, series: SeriesRow[], more: Partial<Study> = {}): Study => ({
  uid,
  series,
  PatientID: "1",
  ...more,
});
const at = (depth: number, way = 1): Plane => ({
  origin: [0, 0, depth],
  across: [1, 0, 0],
  down: [0, way, 0],
  normal: [0, 0, way],
});

test.each([
  ["t2_tse_tra_p2", "axial"],
  ["AX T1 FLAIR", "axial"],
  ["Sag STIR", "sagittal"],
  ["COR_T2", "coronal"],
  ["Thorax", undefined],
  ["extra fast", undefined],
])("%s names a plane", (text, plane) => expect(planeNamed(text)).toBe(plane));

// What is sought, what there is, and the number of that which is taken.
test.each<[string, Partial<SeriesRow>, Partial<SeriesRow>[], number]>([
  [
    "the same text",
    { SeriesDescription: "T2 AX" },
    [{ SeriesDescription: "T1 AX" }, { SeriesDescription: "t2 ax" }],
    1,
  ],
  [
    "the plane before words",
    { SeriesDescription: "t2 tse sag" },
    [{ SeriesDescription: "t2 tse cor" }, { SeriesDescription: "t1 sag" }],
    1,
  ],
  [
    "the modality before the text",
    { Modality: "CT", SeriesDescription: "Thorax" },
    [{ Modality: "PT", SeriesDescription: "Thorax" }, { Modality: "CT" }],
    1,
  ],
  ["images before a report", {}, [{ kind: "report" }, {}], 1],
  [
    "the part of the body",
    { BodyPartExamined: "CHEST" },
    [{ BodyPartExamined: "HEAD" }, { BodyPartExamined: "Chest" }],
    1,
  ],
  ["as many images", { frames: 300 }, [{ frames: 3 }, { frames: 280 }], 1],
  ["of equal ones the first", {}, [{}, {}], 0],
])("%s decides", (_, sought, among, taken) => {
  const rows = among.map((one, number) => row(String(number), one));
  expect(mostAlike(row("x", sought), rows)?.uid).toBe(String(taken));
});

test("nothing is like a series where there is none; likeness goes both ways", () => {
  expect(mostAlike(row("1"), [])).toBeUndefined();
  const [one, other] = [
    row("1", { SeriesDescription: "Sag T2" }),
    row("2", { SeriesDescription: "sag T1", frames: 7 }),
  ];
  expect(likeness(one, other)).toBe(likeness(other, one));
});

test("the older study is told by date, then by as much of the time as both say", () => {
  const [first, second] = [
    { uid: "1", StudyDate: "20240301" },
    { uid: "2", StudyDate: "2024.04.01" },
  ];
  expect(compareDates(first, second)).toBe(-1);
  expect([...priorsOf([second, first, { uid: "3" }])]).toEqual(["1"]);
  const times = (one: string, other: string) =>
    compareDates({ ...first, StudyTime: one }, { ...first, StudyTime: other });
  expect(times("101500.12", "101500")).toBe(0);
  expect(times("1015", "101559")).toBe(0);
  expect(times("091500", "101500")).toBe(-1);
});

test("an ID says who is meant together with whom it is from; none says nothing", () => {
  const [one, other] = [study("1", []), study("2", [])];
  expect(areOfOnePatient([one, other])).toBe(true);
  expect(areOfOnePatient([one, { ...other, IssuerOfPatientID: "elsewhere" }])).toBe(false);
  const nobodys = [one, other].map(({ PatientID: _, ...rest }) => rest);
  expect(areOfOnePatient(nobodys)).toBe(false);
  expect(areOfOnePatient(nobodys.slice(0, 1))).toBe(true);
});

test("beside the series that is wanted lies the one most like it, in the order of the studies", () => {
  const studies = [
    study("a", [row("a1", { SeriesDescription: "T1 ax" }), row("a2", { SeriesDescription: "T2 sag" })]),
    study("b", [row("b1", { SeriesDescription: "T2 sag" }), row("b2", { SeriesDescription: "T1 ax" })]),
  ];
  const uids = (hung: ReturnType<typeof hangCompared>) => hung.cells.map((one) => one?.series.uid);
  expect(uids(hangCompared(studies))).toEqual(["a1", "b2"]);
  const wanted = { study: "b", series: studies[1]!.series[0]!, as: "stack" as const, image: 7 };
  expect(uids(hangCompared(studies, { wanted }))).toEqual(["a2", "b1"]);
  expect(hangCompared(studies, { wanted }).cells[1]).toBe(wanted);
  expect(hangCompared(studies, { isHigh: true }).layout).toEqual({ rows: 2, columns: 1 });
  expect(uids(hangCompared([studies[0]!, study("c", [])]))).toEqual(["a1", undefined]);
});

test("breasts lie side by side, each above its earlier one", () => {
  const image = { rows: 1 } as Instance["image"] & object;
  const views = (uid: string): Instance[] =>
    ["L CC", "R CC", "L MLO", "R MLO"].map(
      (name, number) =>
        ({ uid: `${uid}.${number}`, image, laterality: name[0], view: name.slice(2) }) as unknown as Instance,
    );
  const studies = ["a", "b"].map((uid) => study(uid, [row(`${uid}1`, { Modality: "MG" })]));
  const instances = new Map(["a1", "b1"].map((uid) => [uid, views(uid)]));
  const hung = hangCompared(studies, { instances });
  expect(hung.layout).toEqual({ rows: 2, columns: 2 });
  expect(hung.cells.map((one) => one?.instance)).toEqual(["a1.1", "a1.0", "b1.1", "b1.0"]);
});

test("another date follows by millimetres from where both were, whatever the spacing and the order", () => {
  const fine = { planes: Array.from({ length: 50 }, (_, index) => at(100 + index)), anchor: 10 };
  const coarse = { planes: Array.from({ length: 20 }, (_, index) => at(-7 - index * 5)), anchor: 10 };
  expect(followed(fine, 20, coarse)).toBe(8);
  expect(followed(coarse, 8, fine)).toBe(20);
  expect(followed(fine, 49, coarse)).toBe(2);
  const backwards = { planes: coarse.planes.map((_, index) => at(index * 5, -1)), anchor: 10 };
  expect(followed(fine, 20, backwards)).toBe(12);
});

test("without places it follows by images", () => {
  const [one, other] = [
    { planes: [undefined, undefined, undefined], anchor: 0 },
    { planes: [at(0), at(1), at(2), at(3)], anchor: 1 },
  ];
  expect(followed(one, 2, other)).toBe(3);
  const across = {
    planes: [{ ...at(0), normal: [1, 0, 0] } as Plane, { ...at(9), normal: [1, 0, 0] } as Plane],
    anchor: 0,
  };
  expect(followed(across, 1, other)).toBe(2);
});
