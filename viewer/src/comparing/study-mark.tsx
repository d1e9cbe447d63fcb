import type { Reading } from "~/reading/reading";
import type { Study } from "~/server/study";
import { date, time } from "~/studies/values";
import { areOfOnePatient, compareDates, priorsOf } from "./order";
import "./comparing.css";

/** The date of a study and, where several are compared, whether it is the older one: in a word and a colour. */
export function StudyDateMark({ reading, study }: { reading: Reading; study: Study }) {
  const studies = reading.studies.value;
  const isPrior = priorsOf(studies).has(study.uid);
  const isCurrent = !isPrior && studies.some((other) => compareDates(other, study) < 0);
  // Of two on one day the time tells which is which.
  const isOneDay = studies.some((other) => other !== study && other.StudyDate === study.StudyDate);
  return (
    <span class={isPrior ? "study-date is-prior" : "study-date"}>
      <time>
        {date(study.StudyDate) || "no date"}
        {isOneDay && study.StudyTime && ` ${time(study.StudyTime)}`}
      </time>
      {isPrior && <em>prior</em>}
      {isCurrent && <em>current</em>}
    </span>
  );
}

/** What stands above a cell where several studies are compared. */
export function CellHeading({ reading, study }: { reading: Reading; study: Study }) {
  const isOther = !areOfOnePatient(reading.studies.value);
  return (
    <header class="cell-heading" dir="auto">
      <StudyDateMark reading={reading} study={study} />
      <span class="what">{study.StudyDescription}</span>
      {isOther && <span class="whose">{study.PatientID ? `ID ${study.PatientID}` : "no patient ID"}</span>}
    </header>
  );
}
