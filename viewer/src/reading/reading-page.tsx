import { effect, untracked } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import { hangCompared } from "~/comparing/hang-compared";
import { hasLostGraphics } from "~/imaging/start";
import { PageError } from "~/server/http";
import type { Fetching, Study } from "~/server/study";
import { Failure } from "~/shell/boundary";
import { useKeys } from "~/shell/keys";
import { failed } from "~/shell/notices";
import { go, place } from "~/shell/router";
import { askSessionOnce, otherArchive } from "~/studies/session";
import { count, counted, date, personName } from "~/studies/values";
import { link } from "~/viewport/linking";
import { asked, askedWindow, keepAddress, restoreScreen } from "./address";
import { Grid } from "./grid";
import { asksForImages, hangStudy } from "./hanging";
import { DIALOGS, PANELS } from "./parts";
import { Reading } from "./reading";
import { SeriesPanel } from "./series-panel";
import { ToolBar } from "./tool-bar";
import "./reading.css";

const GONE = new PageError(
  "the series of this link is not there",
  "it may have been deleted; what is shown is another one",
);
const LOST = new Error("the browser took the graphics away, so that no image can be drawn");

/** The page on which studies are read. */
export { startImaging } from "~/imaging/start";

export function ReadingPage({ studies }: { studies: string[] }) {
  const reading = useMemo(() => new Reading(), []);
  const [error, setError] = useState<unknown>();
  const [tries, setTries] = useState(0);
  const [panel, setPanel] = useState<string | undefined>();
  useKeys(() => [{ keys: ["Escape"], does: "Back to the studies", group: "Everywhere", run: () => go("/") }]);
  useEffect(askSessionOnce, []);
  useEffect(() => () => reading.close(), []);
  useEffect(() => {
    const aborter = new AbortController();
    const { path, query } = place.peek();
    const ends = [() => aborter.abort(), link(reading), windowAsAsked(reading, query)];
    reading
      .open(studies, aborter.signal)
      .then(() => hang(reading, query))
      .then(
        () => {
          reading.isHung.value = true;
          if (!aborter.signal.aborted) ends.push(keepAddress(reading, path));
        },
        (reason) => aborter.signal.aborted || setError(reason),
      );
    return () => {
      for (const end of ends) end();
    };
  }, [tries]);
  const study = reading.studies.value[0];
  useTitle(study);
  if (hasLostGraphics.value) {
    return <Failure error={LOST} retry="Load the page anew" onRetry={() => location.reload()} />;
  }
  if (error) {
    const again = () => {
      setError(undefined);
      setTries(tries + 1);
    };
    return <Failure error={error} onRetry={again} />;
  }
  const fetching = reading.fetching.value;
  const Panel = PANELS.find((one) => one.id === panel)?.component;
  return (
    <div class="reading">
      <header class="bar">
        <button type="button" class="back" aria-label="Back to the studies" onClick={() => go("/")}>
          ‹
        </button>
        <h1 title={study && personName(study.PatientName)}>{study ? personName(study.PatientName) : ""}</h1>
        <ToolBar reading={reading} />
        <nav class="panel-tabs">
          {PANELS.map((one) => (
            <button
              type="button"
              key={one.id}
              aria-pressed={panel === one.id}
              onClick={() => setPanel(panel === one.id ? undefined : one.id)}
            >
              {one.title}
            </button>
          ))}
        </nav>
      </header>
      {fetching ? (
        <Coming {...fetching} />
      ) : (
        <>
          <SeriesPanel reading={reading} />
          <Grid reading={reading} />
        </>
      )}
      {Panel && (
        <aside class="panel">
          <Panel reading={reading} />
        </aside>
      )}
      {DIALOGS.map((Dialog, index) => (
        <Dialog key={index} reading={reading} />
      ))}
    </div>
  );
}

/** Says how far studies are that come from another archive. */
function Coming({ instances, of }: Fetching) {
  const from = otherArchive.value ?? "the archive";
  return (
    <div class="coming" role="status">
      <p>
        {of
          ? `Fetching from ${from}: ${count(instances)} of ${counted(of, "instance")}`
          : `Asking ${from} for the study`}
      </p>
      <progress max={of || 1} value={of ? instances : undefined} aria-label="Fetched" />
    </div>
  );
}

/** Tells tabs apart, without the name of a patient: what is open is in the history of the browser. */
function useTitle(study: Study | undefined): void {
  useEffect(() => {
    const what = [study?.StudyDescription, date(study?.StudyDate)].filter(Boolean).join(", ");
    document.title = `${what || "Study"} · filmless`;
  }, [study]);
}

/** Puts the studies on the screen: what the address asks for, else as the rules for their modalities say. */
async function hang(reading: Reading, query: URLSearchParams): Promise<void> {
  const studies = reading.studies.value;
  const wanted = asked(reading, query);
  const [study] = studies;
  if (study && !wanted && query.get("series")) failed(GONE);
  reading.linksScroll.value ||= studies.length > 1;
  if (restoreScreen(reading)) return;
  if (wanted && studies.length === 1) return reading.show(wanted);
  if (!study) return;
  const asking = studies.flatMap((one) => asksForImages(one).map((row) => reading.openSeries(one.uid, row)));
  // A series that fails to open says so in its cell.
  const opened = (await Promise.allSettled(asking)).flatMap((one) =>
    one.status === "fulfilled" ? [one.value.series] : [],
  );
  const instances = new Map(opened.map((one) => [one.uid, one.instances]));
  const isHigh = innerHeight > innerWidth;
  const isCompared = studies.length > 1;
  const hanging = isCompared
    ? hangCompared(studies, { wanted, instances, isHigh })
    : hangStudy(study, instances);
  reading.divide(hanging.layout, hanging.cells);
  if (wanted) reading.active.value = Math.max(0, hanging.cells.indexOf(wanted));
}

/** Shows the window that the address asks for, once there is an image to show it on. */
function windowAsAsked(reading: Reading, query: URLSearchParams): () => void {
  const window = askedWindow(query);
  if (!window) return () => undefined;
  const stop = effect(() => {
    const view = reading.activeView.value;
    if (!view?.window.value) return;
    queueMicrotask(() => stop());
    untracked(() => view.choose(window));
  });
  return stop;
}
