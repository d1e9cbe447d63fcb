/** Which of the studies that are compared is the older one, and whether they are of one patient. */

import type { Study } from "~/server/study";

type Dated = Pick<Study, "uid" | "StudyDate" | "StudyTime">;

const digits = (text: string | undefined): string => (text ?? "").replace(/\D/g, "");

/** The date and time of a study, to be compared as texts; undefined without a date. */
function whenOf({ StudyDate, StudyTime }: Dated): { date: string; time: string } | undefined {
  const date = digits(StudyDate);
  // A time has fewer digits when less is known of it; fractions of a second decide nothing.
  return date.length === 8 ? { date, time: digits(StudyTime).slice(0, 6) } : undefined;
}

/** Less than 0 when one is older, 0 when nothing says so. */
export function compareDates(one: Dated, other: Dated): number {
  const [a, b] = [whenOf(one), whenOf(other)];
  if (!a || !b) return 0;
  if (a.date !== b.date) return a.date < b.date ? -1 : 1;
  const known = Math.min(a.time.length, b.time.length);
  const [first, second] = [a.time.slice(0, known), b.time.slice(0, known)];
  return first === second ? 0 : first < second ? -1 : 1;
}

/** Those of some studies that are older than another of them. */
export function priorsOf(studies: Dated[]): ReadonlySet<string> {
  const older = studies.filter((study) => studies.some((other) => compareDates(study, other) < 0));
  return new Set(older.map(({ uid }) => uid));
}

/** Whether what is said of the patients of some studies leaves it open, or excludes, that they are the same. */
export function areOfOnePatient(studies: Study[]): boolean {
  const [first, ...others] = studies;
  const idOf = (study: Study) => [study.PatientID ?? "", study.IssuerOfPatientID ?? ""].join("\n");
  return !first || others.every((study) => Boolean(study.PatientID) && idOf(study) === idOf(first));
}
