import { useEffect, useMemo, useState } from "preact/hooks";
import { Dialog } from "~/shell/dialog";
import { done, failed } from "~/shell/notices";
import { bytes, count, counted } from "~/studies/values";
import type { Found } from "./files";
import { HeaderForm } from "./header-form";
import { type Header, Run } from "./run";
import "./bringing.css";

const SHOWN = 200;

interface Props {
  files: Found[];
  onClose: () => void;
}

/** Brings files in: asks for the header of pictures first, shows how far it is, and what became of each. */
export function ImportDialog({ files, onClose }: Props) {
  const [given, setGiven] = useState(files);
  const [run, setRun] = useState<Run>();
  const pictures = useMemo(() => given.filter((one) => one.isPicture).length, [given]);
  const begin = (chosen: Found[], header?: Header) => {
    const next = new Run(chosen, header);
    setRun(next);
    void next.start();
  };
  useEffect(() => {
    if (!pictures) begin(given);
  }, []);
  useEffect(() => {
    const leaving = (event: BeforeUnloadEvent) => run && !run.isOver.value && event.preventDefault();
    addEventListener("beforeunload", leaving);
    return () => removeEventListener("beforeunload", leaving);
  }, [run]);
  // What came in until then is told of: nobody is left with half of his files without knowing which.
  const mayClose = () => {
    run?.stop();
    return run?.isOver.value ?? true;
  };
  const others = given.filter((one) => !one.isPicture);
  return (
    <Dialog title="Import" onClose={onClose} mayClose={mayClose} wide>
      {!run ? (
        <HeaderForm
          pictures={pictures}
          onGiven={(header) => begin(given, header)}
          onWithout={others.length ? () => begin(others) : undefined}
        />
      ) : (
        <Progress
          run={run}
          onClose={onClose}
          onHeader={(left) => {
            setGiven(left.map((one) => ({ ...one, isPicture: true })));
            setRun(undefined);
          }}
        />
      )}
    </Dialog>
  );
}

interface ProgressProps {
  run: Run;
  onClose: () => void;
  /** Pictures were found that have no header yet. */
  onHeader: (files: Found[]) => void;
}

function Progress({ run, onClose, onHeader }: ProgressProps) {
  const { results, filesDone, bytesSent, isOver, files, size } = run;
  const told = results.value.filter((one) => one.reason || one.status === "failed");
  const withPictures = results.value.filter((one) => one.status === "picture").map((one) => one.name);
  const left = files.filter((one) =>
    withPictures.some((name) => name === one.name || name.startsWith(`${one.name}/`)),
  );
  return (
    <div class="importing" data-over={isOver.value}>
      <progress
        max={size || 1}
        value={isOver.value && !run.isStopped ? size || 1 : bytesSent.value}
        aria-label="Sent"
      />
      <p class="so-far" role="status">
        <strong>
          {isOver.value ? (run.isStopped ? "Stopped after" : "Done:") : "Importing"} {count(filesDone.value)}{" "}
          of {counted(files.length, "file")}
        </strong>
        <span>
          {bytes(bytesSent.value)} of {bytes(size)}
        </span>
      </p>
      <ul class="tally">
        {run.summary().map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {told.length > 0 && (
        <ul class="told" aria-label="Not stored, or with a remark">
          {told.slice(0, SHOWN).map((one, place) => (
            <li key={place} class={one.status}>
              <span>{one.name}</span>
              <small>{one.reason}</small>
            </li>
          ))}
          {told.length > SHOWN && (
            <li class="hint">and {count(told.length - SHOWN)} more: the report has them all</li>
          )}
        </ul>
      )}
      <div class="buttons">
        {isOver.value ? (
          <>
            <button type="button" onClick={() => copy(run)}>
              Copy the report
            </button>
            <button type="button" onClick={() => save(run)}>
              Save the report
            </button>
            {left.length > 0 && (
              <button type="button" onClick={() => onHeader(left)}>
                Give pictures a header…
              </button>
            )}
            <button type="button" class="primary" onClick={onClose}>
              Close
            </button>
          </>
        ) : (
          <button type="button" onClick={() => run.stop()}>
            Stop
          </button>
        )}
      </div>
    </div>
  );
}

async function copy(run: Run): Promise<void> {
  try {
    await navigator.clipboard.writeText(run.report());
    done("The report is copied.");
  } catch (error) {
    failed(error, "Not copied");
  }
}

function save(run: Run): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([run.report()], { type: "text/plain" }));
  link.download = "import.txt";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
