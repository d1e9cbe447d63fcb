import { expect, test } from "vitest";
import { above, asText, differs, isPrivate, pairs, type Row, wantedRows } from "./rows";

function row(path: string, name: string, value = ""): Row {
  const tag = path.split("/").at(-1)!;
  const isElement = tag.length === 8;
  return {
    path,
    depth: path.split("/").length - 1,
    tag: isElement ? `(${tag.slice(0, 4)},${tag.slice(4)})` : "",
    vr: isElement ? "LO" : "",
    keyword: isElement ? name.replaceAll(" ", "") : "",
    name,
    value,
  };
}

const ROWS = [
  row("00080060", "Modality", "CT"),
  row("00081140", "Referenced Image Sequence"),
  row("00081140/0", "Item 1"),
  row("00081140/0/00081155", "Referenced SOP Instance UID", "1.2.3"),
  row("00091001", "[Suite id] [GEMS]", "CT01"),
  row("00100010", "Patient's Name", "DOE^JANE"),
];
const NOTHING_FOLDED = new Set<string>();
const names = (rows: Row[]) => rows.map((one) => one.name);

test("a search keeps what leads to what is found", () => {
  const found = wantedRows(ROWS, { text: "1.2.3", withPrivate: true, folded: NOTHING_FOLDED });
  expect(names(found)).toEqual(["Referenced Image Sequence", "Item 1", "Referenced SOP Instance UID"]);
});

test("all words of a search have to be there, in tag, keyword, name or value", () => {
  const search = (text: string) =>
    names(wantedRows(ROWS, { text, withPrivate: true, folded: NOTHING_FOLDED }));
  expect(search("patient doe")).toEqual(["Patient's Name"]);
  expect(search("patient roe")).toEqual([]);
  expect(search("0010,0010")).toEqual(["Patient's Name"]);
  expect(search("00100010")).toEqual(["Patient's Name"]);
});

test("private elements and what is folded are left out", () => {
  expect(names(wantedRows(ROWS, { text: "", withPrivate: false, folded: NOTHING_FOLDED }))).not.toContain(
    "[Suite id] [GEMS]",
  );
  expect(names(wantedRows(ROWS, { text: "", withPrivate: true, folded: new Set(["00081140"]) }))).toEqual([
    "Modality",
    "Referenced Image Sequence",
    "[Suite id] [GEMS]",
    "Patient's Name",
  ]);
  expect(isPrivate(ROWS[4]!)).toBe(true);
  expect(isPrivate(ROWS[5]!)).toBe(false);
});

test("two headers are paired by path, in the order of tags and items", () => {
  const other = [
    row("00080060", "Modality", "MR"),
    row("00081140", "Referenced Image Sequence"),
    row("00081140/0", "Item 1"),
    row("00081140/0/00081155", "Referenced SOP Instance UID", "1.2.3"),
    row("00081140/10", "Item 11"),
    row("00081140/2", "Item 3"),
    row("00100020", "Patient ID", "1"),
  ];
  const found = pairs(ROWS, other);
  expect(found.map((pair) => (pair.left ?? pair.right)!.path)).toEqual([
    "00080060",
    "00081140",
    "00081140/0",
    "00081140/0/00081155",
    "00081140/2",
    "00081140/10",
    "00091001",
    "00100010",
    "00100020",
  ]);
  expect(found.filter(differs).map((pair) => (pair.left ?? pair.right)!.name)).toEqual([
    "Modality",
    "Item 3",
    "Item 11",
    "[Suite id] [GEMS]",
    "Patient's Name",
    "Patient ID",
  ]);
});

test("a path lies in its sequences and items", () => {
  expect(above("00081140/0/00081155")).toEqual(["00081140", "00081140/0"]);
  expect(above("00080060")).toEqual([]);
});

test("a row is copied as one line", () => {
  expect(asText(ROWS[3]!)).toBe("    (0008,1155) LO Referenced SOP Instance UID: 1.2.3");
});
