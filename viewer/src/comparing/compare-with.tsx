import { useEffect, useState } from "preact/hooks";
import { MOST, type Reading } from "~/reading/reading";
import { askOtherStudies, type OtherStudies, type OtherStudy } from "~/server/other-studies";
import type { Study } from "~/server/study";
import { Failure } from "~/shell/boundary";
import { Dialog } from "~/shell/dialog";
import { useKeys } from "~/shell/keys";
import { go, studyPath } from "~/shell/router";
import { counted, date, personName, time } from "~/studies/values";
import { compareDates } from "./order";
import "./comparing.css";

/** The query that keeps on the screen what is there. */
function kept(reading: Reading): Record<string, string> {
  const { series } = reading.activeContent.peek() ?? {};
  const image = reading.activeView.peek()?.wanted.peek();
  return {
    ...(series && { series: series.uid }),
    ...(series && image !== undefined && { image: String(image + 1) }),
  };
}

/** Shows another study beside those of the page. */
function add(reading: Reading, uid: string): void {
  const uids = reading.studies.peek().map((study) => study.uid);
  go(studyPath(...uids, uid), kept(reading));
}

/** Takes a study off the page. */
export function remove(reading: Reading, uid: string): void {
  const others = reading.studies.peek().filter((study) => study.uid !== uid);
  const isKept = reading.activeContent.peek()?.study !== uid;
  go(studyPath(...others.map((study) => study.uid)), isKept ? kept(reading) : {});
}

/** A button that lists the other studies of the patient, to show one beside those of the page. */
export function CompareWith({ reading }: { reading: Reading }) {
  const [isOpen, setOpen] = useState(false);
  const [study] = reading.studies.value;
  useKeys(() => [
    { keys: ["C"], does: "Compare with another study", group: "Screen", run: () => setOpen(true) },
  ]);
  if (!study) return null;
  const isFull = reading.studies.value.length >= MOST;
  return (
    <>
      <button
        type="button"
        class="compare-with"
        title={
          isFull
            ? `No more than ${MOST} studies are compared at a time`
            : "Compare with another study (Shift+C)"
        }
        disabled={isFull}
        onClick={() => setOpen(true)}
      >
        Compare with…
      </button>
      {isOpen && !isFull && <Choice reading={reading} study={study} onClose={() => setOpen(false)} />}
    </>
  );
}

function Choice({ reading, study, onClose }: { reading: Reading; study: Study; onClose: () => void }) {
  const [found, setFound] = useState<OtherStudies>();
  const [error, setError] = useState<unknown>();
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const aborter = new AbortController();
    setError(undefined);
    askOtherStudies(study.uid, aborter.signal).then(
      setFound,
      (reason) => aborter.signal.aborted || setError(reason),
    );
    return () => aborter.abort();
  }, [tries]);
  const open = new Set(reading.studies.value.map(({ uid }) => uid));
  const others = found?.studies.filter(({ uid }) => !open.has(uid)) ?? [];
  return (
    <Dialog title={`Compare with a study of ${personName(study.PatientName)}`} onClose={onClose}>
      {error !== undefined && <Failure error={error} onRetry={() => setTries(tries + 1)} />}
      {!found && error === undefined && <div class="loading" role="status" aria-label="Loading" />}
      {found && !others.length && <Nobody why={found.why} isMore={found.studies.length > 0} />}
      <ul class="other-studies">
        {others.map((other) => (
          <li key={other.uid}>
            <button type="button" onClick={() => add(reading, other.uid)}>
              <Other other={other} study={study} />
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

const Nobody = ({ why, isMore }: { why: string | undefined; isMore: boolean }) => (
  <p class="no-others">
    {why
      ? `${why[0]!.toUpperCase()}${why.slice(1)}.`
      : isMore
        ? "All studies of this patient are open."
        : "There is no other study with this Patient ID here."}
    {why && <span class="hint">In the list of studies, two can be selected and compared all the same.</span>}
  </p>
);

function Other({ other, study }: { other: OtherStudy; study: Study }) {
  const order = compareDates(other, study);
  const isOtherName = (other.PatientName ?? "") !== (study.PatientName ?? "");
  return (
    <>
      <time>{[date(other.StudyDate) || "No date", time(other.StudyTime)].filter(Boolean).join(" ")}</time>
      {order !== 0 && <em>{order < 0 ? "older" : "newer"}</em>}
      <span class="modalities">{other.modalities.join(", ")}</span>
      <span class="what">{other.StudyDescription ?? "No description"}</span>
      <small>
        {counted(other.instances, "image")}
        {isOtherName && ` · under the name ${personName(other.PatientName)}`}
      </small>
    </>
  );
}
