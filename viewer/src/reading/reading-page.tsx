import { useEffect, useMemo, useState } from "preact/hooks";
import { Failure } from "~/shell/boundary";
import { useKeys } from "~/shell/keys";
import { go } from "~/shell/router";
import { personName } from "~/studies/values";
import { Grid } from "./grid";
import { PANELS } from "./parts";
import { Reading } from "./reading";
import { SeriesPanel } from "./series-panel";
import { ToolBar } from "./tool-bar";
import "./reading.css";

/** The page on which studies are read. */
export function ReadingPage({ studies }: { studies: string[] }) {
  const reading = useMemo(() => new Reading(), []);
  const [error, setError] = useState<unknown>();
  const [panel, setPanel] = useState<string | undefined>();
  useKeys(() => [{ keys: ["Escape"], does: "Back to the studies", group: "Everywhere", run: () => go("/") }]);
  useEffect(() => {
    const aborter = new AbortController();
    reading.open(studies, aborter.signal).then(
      () => hang(reading),
      (reason) => aborter.signal.aborted || setError(reason),
    );
    return () => aborter.abort();
  }, []);
  if (error) return <Failure error={error} />;
  const study = reading.studies.value[0];
  const Panel = PANELS.find((one) => one.id === panel)?.component;
  return (
    <div class="reading">
      <header class="bar">
        <button type="button" class="back" aria-label="Back to the studies" onClick={() => go("/")}>
          ‹
        </button>
        <h1>{study ? personName(study.PatientName) : ""}</h1>
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
      <SeriesPanel reading={reading} />
      <Grid reading={reading} />
      {Panel && (
        <aside class="panel">
          <Panel reading={reading} />
        </aside>
      )}
    </div>
  );
}

/** Puts the first series that has something to show on the screen. */
function hang(reading: Reading): void {
  const [study] = reading.studies.value;
  const first = study?.series.find((row) => row.kind === "image") ?? study?.series[0];
  if (study && first) reading.show({ study: study.uid, series: first, as: "stack" });
}
