/** How much a series is like another: what of an earlier study is hung beside an image. */

import type { SeriesRow } from "~/server/study";

/** What counts how much. A series of another modality is only taken when there is nothing else. */
const WEIGHTS = { modality: 100, kind: 40, plane: 30, sameText: 25, words: 20, bodyPart: 10, amount: 5 };

const PLANES: Record<string, RegExp> = {
  axial: /\b(ax|axial|tra|transv\w*|transaxial)\b/i,
  sagittal: /\b(sag|sagit\w*)\b/i,
  coronal: /\b(cor|coron\w*|kor|koronar)\b/i,
};

const textOf = (row: SeriesRow): string => row.SeriesDescription ?? row.ProtocolName ?? "";

// An underscore joins words in the descriptions of many devices; for a regular expression it is a letter.
const spaced = (text: string): string => text.replaceAll("_", " ");

/** The plane that a description names. */
export function planeNamed(text: string): string | undefined {
  return Object.keys(PLANES).find((plane) => PLANES[plane]!.test(spaced(text)));
}

const wordsOf = (text: string): Set<string> =>
  new Set(
    spaced(text)
      .toLowerCase()
      .split(/[^\p{L}\p{N}.]+/u)
      .filter(Boolean),
  );

/** How many of the words of two texts are in both, from 0 to 1. */
function shared(one: string, other: string): number {
  const [a, b] = [wordsOf(one), wordsOf(other)];
  if (!a.size || !b.size) return 0;
  const both = [...a].filter((word) => b.has(word)).length;
  return both / (a.size + b.size - both);
}

export function likeness(row: SeriesRow, other: SeriesRow): number {
  const [text, otherText] = [textOf(row), textOf(other)];
  const [plane, otherPlane] = [planeNamed(text), planeNamed(otherText)];
  const same = (one: string | undefined, another: string | undefined) =>
    Boolean(one) && one?.toLowerCase() === another?.toLowerCase();
  const amounts = [row.frames, other.frames].sort((a, b) => a - b) as [number, number];
  return (
    (same(row.Modality, other.Modality) ? WEIGHTS.modality : 0) +
    (row.kind === other.kind ? WEIGHTS.kind : 0) +
    // Another plane speaks against it as much as the same one for it.
    (plane && otherPlane ? (plane === otherPlane ? WEIGHTS.plane : -WEIGHTS.plane) : 0) +
    (same(text.trim(), otherText.trim()) ? WEIGHTS.sameText : 0) +
    shared(text, otherText) * WEIGHTS.words +
    (same(row.BodyPartExamined, other.BodyPartExamined) ? WEIGHTS.bodyPart : 0) +
    (amounts[1] > 0 ? (amounts[0] / amounts[1]) * WEIGHTS.amount : 0)
  );
}

/** The series that is most like one; of those as like the first. Undefined when there are none. */
export function mostAlike(row: SeriesRow, among: SeriesRow[]): SeriesRow | undefined {
  let found: { row: SeriesRow; score: number } | undefined;
  for (const other of among) {
    const score = likeness(row, other);
    if (!found || score > found.score) found = { row: other, score };
  }
  return found?.row;
}
