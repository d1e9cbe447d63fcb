/** Rows of a header: what is searched, folded, and compared. The server makes them (`filmless.viewer.header`). */

import type { InstanceRef } from "~/server/dicomweb";
import { askJson } from "~/server/http";

export interface Row {
  /** Tags and numbers of items, with slashes between them. */
  path: string;
  depth: number;
  /** Empty for an item of a sequence. */
  tag: string;
  vr: string;
  keyword: string;
  name: string;
  value: string;
}

export interface Header {
  rows: Row[];
  /** Whether these are all rows. */
  isWhole: boolean;
}

type Sent = [string, number, string, string, string, string, string];

/** Asks for the header of an instance. */
export async function askHeader(
  { study, series, instance }: InstanceRef,
  signal: AbortSignal,
): Promise<Header> {
  const url = `/viewer/studies/${study}/series/${series}/instances/${instance}/header`;
  const sent = await askJson<{ rows: Sent[]; isWhole: boolean }>(url, { signal });
  const rows = sent.rows.map(([path, depth, tag, vr, keyword, name, value]) => ({
    path,
    depth,
    tag,
    vr,
    keyword,
    name,
    value,
  }));
  return { rows, isWhole: sent.isWhole };
}

/** Whether a group number is odd (PS3.5 7.8). */
export const isPrivate = (row: Row): boolean => /^\(...[13579BDF]/.test(row.tag);

export interface Wanted {
  /** Words that all have to be in tag, keyword, name or value. */
  text: string;
  withPrivate: boolean;
  /** Paths of sequences and items that are folded. */
  folded: ReadonlySet<string>;
}

/** The rows that are shown: those that match, and what leads to them; without a search what is not folded away. */
export function wantedRows(rows: readonly Row[], { text, withPrivate, folded }: Wanted): Row[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = withPrivate ? rows : rows.filter((row) => !isPrivate(row));
  if (!words.length) return kept.filter((row) => !above(row.path).some((path) => folded.has(path)));
  const found = kept.filter((row) => row.tag && words.every((word) => textOf(row).includes(word)));
  const paths = new Set(found.flatMap((row) => [row.path, ...above(row.path)]));
  return kept.filter((row) => paths.has(row.path));
}

/** Paths of the sequences and items that a row lies in, the outermost first. */
export function above(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

const textOf = (row: Row): string =>
  `${row.tag} ${row.tag.replace(/[(),]/g, "")} ${row.keyword} ${row.name} ${row.value}`.toLowerCase();

export interface Pair {
  left?: Row;
  right?: Row;
}

/** Rows of two headers side by side, in the order of the first; what only the second has stands where it would be. */
export function pairs(left: readonly Row[], right: readonly Row[]): Pair[] {
  const byPath = new Map(right.map((row) => [row.path, row]));
  const found: Pair[] = left.map((row) => {
    const other = byPath.get(row.path);
    byPath.delete(row.path);
    return other ? { left: row, right: other } : { left: row };
  });
  for (const row of byPath.values()) found.push({ right: row });
  return found.sort((one, other) => comparePaths(pathOf(one), pathOf(other)));
}

const pathOf = (pair: Pair): string => (pair.left ?? pair.right)!.path;

function comparePaths(one: string, other: string): number {
  const [ones, others] = [one.split("/"), other.split("/")];
  for (let index = 0; index < Math.min(ones.length, others.length); index++) {
    if (ones[index] === others[index]) continue;
    // Every second part is the number of an item; the others are tags of one length.
    const order =
      index % 2 ? Number(ones[index]) - Number(others[index]) : ones[index]! < others[index]! ? -1 : 1;
    return order;
  }
  return ones.length - others.length;
}

/** Whether two rows say something different. An item alone says nothing. */
export const differs = ({ left, right }: Pair): boolean =>
  left?.value !== right?.value || left?.vr !== right?.vr;

/** A row as text, for the clipboard. */
export const asText = (row: Row): string =>
  `${"  ".repeat(row.depth)}${[row.tag, row.vr, row.name].filter(Boolean).join(" ")}${row.value ? `: ${row.value}` : ""}`;
