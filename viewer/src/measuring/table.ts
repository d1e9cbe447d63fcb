/** The list of measurements as a table, for programs that calculate and for people who write reports. */

import { frameOf } from "~/imaging/frames";
import type { Value } from "~/server/measurements";
import { CALIBRATIONS } from "./calibration";
import { rowOf } from "./kinds";
import type { Mark } from "./marks";
import type { Row } from "./measurements";
import { named, shown, unitShown } from "./words";

/** One line a measurement, for a report. */
export const asText = (rows: Row[]): string =>
  rows
    .map(({ mark, values, uptake }, index) => {
      const said = named(values, uptake)
        .map(([name, value]) => `${name} ${shown(value)}`)
        .join(", ");
      const title = mark.label ? `${rowOf(mark.kind).title} “${mark.label}”` : rowOf(mark.kind).title;
      const where = [whereOf(mark), calibrationWords(mark.imageId, values)].filter(Boolean).join(", ");
      return `${index + 1}. ${title}${said && `: ${said}`} (${where})`;
    })
    .join("\n");

/** One line a value. */
export function asCsv(rows: Row[]): string {
  const head = ["number", "kind", "label", "image", "frame", "value", "amount", "unit"];
  const lines = rows.flatMap(({ mark, values, uptake }, index) => {
    const known = frameOf(mark.imageId);
    const place = [
      index + 1,
      rowOf(mark.kind).title,
      mark.label,
      known?.ref.instance ?? "",
      known?.number ?? "",
    ];
    const told = named(values, uptake).map(([name, value]) => [name, value.number, unitShown(value.unit)]);
    return (told.length ? told : [["", "", ""]]).map((value) => [...place, ...value]);
  });
  return [head, ...lines].map((line) => line.map(cell).join(",")).join("\r\n");
}

function cell(value: string | number): string {
  const text = String(value);
  // What begins like a formula is text for Excel, too: labels come from whoever wrote them.
  const plain = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** Which image, or where in space, in words. */
export function whereOf({ imageId, space, points }: Mark): string {
  if (space) return `at ${points[0]!.map((one) => Math.round(one) || 0).join(", ")} mm`;
  const known = frameOf(imageId);
  if (!known) return "";
  const image = `image ${known.instance.number || known.ref.instance}`;
  return known.image.frames.length > 1 ? `${image}, frame ${known.number}` : image;
}

/** By what the millimetres of values are those of the patient, where a projection says it. */
export function calibrationWords(imageId: string, values: Value[]): string {
  const how = frameOf(imageId)?.image.spacingCalibration;
  return how && values.some(({ unit }) => unit.startsWith("mm")) ? CALIBRATIONS[how] : "";
}
