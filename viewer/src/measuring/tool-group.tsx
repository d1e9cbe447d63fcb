import { effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { startImaging } from "~/imaging/start";
import type { Content, Reading } from "~/reading/reading";
import { capsOf, useKeys } from "~/shell/keys";
import { failed } from "~/shell/notices";
import { primaryTool, setPrimaryTool } from "~/viewport/mouse";
import { Emptying } from "./emptying";
import { Icon } from "./icons";
import { ERASER, KINDS } from "./kinds";
import { measurementsOf } from "./page";
import { readReports, save } from "./reports";
import { offerTools } from "./tools";
import "./measuring.css";

const TOOLS = [
  ...KINDS.map(({ kind, title, key }) => ({ name: kind, title, key })),
  { name: ERASER.name as "eraser", title: ERASER.title, key: ERASER.key },
];
const GROUP = "Measuring";

/** The measuring tools, as buttons. It is there as long as the page: what was measured begins and ends with it. */
export function MeasuringTools({ reading }: { reading: Reading }) {
  const measurements = measurementsOf(reading);
  const { history } = measurements;
  const active = primaryTool.value;
  const reason = reasonAgainst(reading.activeContent.value);
  const isMeasuring = TOOLS.some(({ name }) => name === active);
  const choose = (name: string) => {
    const reason = reasonAgainst(reading.activeContent.peek());
    if (reason) failed(new Error(reason), "Nothing can be measured here");
    else if (isReady.value) setPrimaryTool(primaryTool.value === name ? "window" : name);
  };
  useEffect(() => begin(reading), []);
  useKeys(() => [
    ...TOOLS.map(({ name, title, key }) => ({
      keys: [key],
      does: title,
      group: GROUP,
      run: () => choose(name),
    })),
    { keys: ["Control+z"], does: "Undo", group: GROUP, run: () => measurements.undo() },
    { keys: ["Control+y", "Control+Z"], does: "Do again", group: GROUP, run: () => measurements.redo() },
    {
      keys: ["Delete"],
      does: "Delete what is selected",
      group: GROUP,
      run: () => measurements.remove(measurements.selected.value),
    },
    {
      keys: ["Control+s"],
      does: "Save the measurements",
      group: GROUP,
      run: () => save(measurements, reading),
    },
  ]);
  // Only while there is a tool to put away: else Escape is the page's.
  useKeys(
    () =>
      isMeasuring
        ? [{ keys: ["Escape"], does: "Put the tool away", group: GROUP, run: () => setPrimaryTool("window") }]
        : [],
    [isMeasuring],
  );
  return (
    <>
      {TOOLS.map(({ name, title, key }) => (
        <button
          type="button"
          class="icon"
          key={name}
          disabled={!isReady.value || reason !== undefined}
          aria-label={title}
          aria-pressed={active === name}
          title={reason ? `${title}: not here, ${reason}` : `${title} (${capsOf(key).join("+")})`}
          onClick={() => choose(name)}
        >
          <Icon name={name} />
        </button>
      ))}
      <button
        type="button"
        class="icon"
        aria-label="Undo"
        title="Undo (Ctrl+Z)"
        disabled={!history.canUndo.value}
        onClick={() => measurements.undo()}
      >
        <Icon name="undo" />
      </button>
      <button
        type="button"
        class="icon"
        aria-label="Do again"
        title="Do again (Ctrl+Y)"
        disabled={!history.canRedo.value}
        onClick={() => measurements.redo()}
      >
        <Icon name="redo" />
      </button>
      <Emptying />
    </>
  );
}

/** Why nothing can be measured in a cell. */
const reasonAgainst = (content: Content | undefined): string | undefined =>
  content?.as === "volume"
    ? "what is seen of the whole has no depth; measure on the planes, or on the images themselves"
    : undefined;

/** Whether Cornerstone has the tools. */
const isReady = signal(false);

function begin(reading: Reading): () => void {
  const aborter = new AbortController();
  let stop = () => {};
  const run = async () => {
    // Why there are no images is said in their cells.
    const isStarted = await startImaging().then(
      () => true,
      () => false,
    );
    if (!isStarted || aborter.signal.aborted) return;
    const measurements = measurementsOf(reading);
    offerTools(measurements);
    isReady.value = true;
    const listening = measurements.start();
    const asked = new Set<string>();
    const reads = effect(() => {
      for (const { uid } of reading.studies.value) {
        if (asked.has(uid)) continue;
        asked.add(uid);
        readReports(measurements, reading, uid, aborter.signal).catch((error) =>
          failed(error, "Saved measurements cannot be shown"),
        );
      }
    });
    stop = () => {
      listening();
      reads();
    };
  };
  run().catch((error) => failed(error));
  return () => {
    aborter.abort();
    stop();
    setPrimaryTool("window");
  };
}
