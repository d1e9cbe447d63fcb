/** Measurements from the reports of the studies, and to new ones. */

import { derivedOf } from "~/derived/objects";
import { frameOf } from "~/imaging/frames";
import type { OpenSeries, Reading } from "~/reading/reading";
import {
  askReports,
  type Measurement,
  type Report,
  type Saved,
  saveMeasurements,
  type Value,
} from "~/server/measurements";
import { done, failed } from "~/shell/notices";
import { askEmptying } from "./emptying";
import { heard, heardInSpace, type Mark, studyOf, told } from "./marks";
import type { Measurements } from "./measurements";
import { viewsOf } from "./states";

/** Reads the reports of a study, and puts on its images what was measured. */
export async function readReports(
  measurements: Measurements,
  reading: Reading,
  study: string,
  abort: AbortSignal,
): Promise<void> {
  const reports = await list(measurements, study, abort);
  const known = new Set<string>();
  for (const report of reports.filter((one) => !one.replaced).reverse()) {
    // The same thing in two reports: the later one says how it is.
    const fresh = report.measurements.filter((one) => !known.has(one.tracking_uid ?? ""));
    for (const one of fresh) if (one.tracking_uid) known.add(one.tracking_uid);
    await takeReport(measurements, reading, study, { ...report, measurements: fresh }, abort);
  }
}

/** Lists the reports of a study. */
async function list(measurements: Measurements, study: string, abort: AbortSignal): Promise<Report[]> {
  const reports = await askReports(study, abort);
  const others = measurements.listed.peek().filter((one) => one.study !== study);
  measurements.listed.value = [...others, ...reports.map((report) => ({ study, report }))];
  return reports;
}

/** Shows what was saved among the series and the reports: that it cannot be asked for says nothing of the saving. */
async function showSaved(measurements: Measurements, reading: Reading, studies: string[]): Promise<void> {
  const { signal } = new AbortController();
  const asked = studies.map((study) => list(measurements, study, signal));
  await Promise.allSettled([reading.askAgain(), ...asked]);
}

async function takeReport(
  measurements: Measurements,
  reading: Reading,
  study: string,
  report: Report,
  abort: AbortSignal,
): Promise<void> {
  const rows = reading.studies.value.find(({ uid }) => uid === study)?.series ?? [];
  const needed = new Set([...Object.values(report.images), ...report.sources]);
  // What is said of the frames is needed to know where a pixel lies.
  const open = await Promise.all(
    rows.filter(({ uid }) => needed.has(uid)).map((row) => reading.openSeries(study, row)),
  );
  if (abort.aborted) return;
  const marks: Mark[] = [];
  const elsewhere: Measurement[] = [];
  for (const one of report.measurements) {
    const mark = markIn(study, report, open, one);
    if (mark) marks.push(mark);
    else elsewhere.push(one);
  }
  measurements.take(study, marks, elsewhere, report.instance);
}

/** The mark of a measurement; undefined when it lies on nothing that is known here. */
function markIn(study: string, report: Report, open: OpenSeries[], one: Measurement): Mark | undefined {
  const uid = crypto.randomUUID();
  const seriesOf = (value: Value) => report.images[value.source?.[0]?.sop_instance_uid ?? ""];
  const isUptake = (value: Value) =>
    open.some(({ row }) => row.uid === seriesOf(value) && row.Modality === "PT");
  if (one.image) {
    const series = report.images[one.image.sop_instance_uid];
    const mark = series ? heard(uid, one, { study, series }) : undefined;
    return mark && frameOf(mark.imageId) ? mark : undefined;
  }
  const frameOfReference = one.frame_of_reference_uid ?? "";
  const sources = open.filter(
    ({ row, imageIds }) =>
      report.sources.includes(row.uid) &&
      imageIds.some((id) => frameOf(id)?.image.frameOfReferenceUID === frameOfReference),
  );
  // It was measured on another series than the PET that lay over it.
  const own =
    sources.find(({ row }) => !one.values.some((value) => seriesOf(value) === row.uid)) ?? sources[0];
  if (!own) return undefined;
  const series = own.row.uid;
  const [uptake, values] = [true, false].map((is) =>
    one.values.filter((value) => (isUptake(value) && seriesOf(value) !== series) === is),
  ) as [Value[], Value[]];
  return heardInSpace(uid, { ...one, values, uptake }, { study, series, frameOfReference });
}

/** Saves what lies on the images of each study as a new report of it. */
export async function save(measurements: Measurements, reading: Reading): Promise<boolean> {
  const all = measurements.marks.value;
  const studies = Map.groupBy(all, (mark) => studyOf(mark)!);
  const emptied = measurements.emptied();
  for (const study of emptied) studies.set(study, []);
  const isGone = emptied.some((study) => !measurements.elsewhere(study).length);
  if (isGone && !(await askEmptying())) return false;
  try {
    for (const [study, marks] of studies) {
      const values = await Promise.all(marks.map((mark) => measurements.loadValues(mark)));
      const measured = marks.map((mark, index) => told(mark, values[index]!));
      const [saved] = await saveMeasurements(study, {
        measurements: [...measured, ...measurements.elsewhere(study)],
        replaces: measurements.reportsOf(study),
        sources: [...new Set(marks.flatMap(({ space }) => space?.series ?? []))],
        // What is in space is on no image that a state could show.
        ...(measurements.withState.value &&
          marks.some(({ space }) => !space) && { state: { views: viewsOf(reading) } }),
      });
      measurements.wasSaved(study, marks, saved!.instance);
      done(savedWords(saved!));
      if (saved!.states.length) await derivedOf(reading).askAgain(reading);
      for (const note of saved!.notes)
        failed(new Error(note), "The report is saved, but not all of the rest");
    }
    await showSaved(measurements, reading, [...studies.keys()]);
    return true;
  } catch (error) {
    failed(error, "The measurements are not saved");
    return false;
  }
}

function savedWords({ measurements, title, states }: Saved): string {
  if (!measurements) return `Saved as a structured report without measurements, “${title}”`;
  const also = states.length === 1 ? ", and as a presentation state" : "";
  const several = states.length > 1 ? `, and as ${states.length} presentation states` : "";
  return `Saved ${count(measurements)} as a structured report, “${title}”${also}${several}`;
}

export const count = (number: number): string => `${number} measurement${number === 1 ? "" : "s"}`;
