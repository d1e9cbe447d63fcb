import type { Reading } from "~/reading/reading";
import { useKeys } from "~/shell/keys";
import { NumberField } from "~/shell/number-field";
import type { StackView } from "./view";
import { askedWindow, type Choice, CT_PRESETS, inShort, linear, type Preset } from "./windows";

/** Presets, the file's own windows, and numbers to be typed. */
export function WindowMenu({ reading }: { reading: Reading }) {
  const act = (run: (view: StackView) => void) => () => {
    const view = reading.activeView.peek();
    if (view) run(view);
  };
  const preset = (wanted: Preset) => (view: StackView) => {
    // They are in HU.
    if (view.known?.modality === "CT") view.choose(chosen(wanted));
  };
  useKeys(() => [
    ...CT_PRESETS.map((one) => ({
      keys: [one.key],
      does: `${one.name} (${one.center}, ${one.width})`,
      group: "Window (CT)",
      run: act(preset(one)),
    })),
    {
      keys: ["0"],
      does: "The file's window",
      group: "Window",
      run: act((view) => view.choose({ kind: "file", number: 0 })),
    },
    {
      keys: ["u"],
      does: "All values of the image",
      group: "Window",
      run: act((view) => view.choose({ kind: "auto" })),
    },
  ]);
  const view = reading.activeView.value;
  if (!view) return null;
  const own = view.known?.frame.windows ?? [];
  const isCt = view.known?.modality === "CT";
  return (
    <>
      <select
        class="window-menu"
        aria-label="Window preset"
        title="Window preset"
        value={optionOf(view.choice.value, isCt)}
        onChange={(event) => choose(view, event.currentTarget.value)}
      >
        <optgroup label="Of the file">
          {own.length === 0 && <option value="file 0">Default (0)</option>}
          {own.map((window, number) => (
            <option key={number} value={`file ${number}`}>
              {window.name || `Window ${number + 1}`}: {inShort(window.center)}, {inShort(window.width)}
            </option>
          ))}
        </optgroup>
        <option value="auto">All values (u)</option>
        {isCt && (
          <optgroup label="CT">
            {CT_PRESETS.map((one) => (
              <option key={one.key} value={`preset ${one.key}`}>
                {one.name} ({one.key})
              </option>
            ))}
          </optgroup>
        )}
        <option value="set" hidden>
          Own
        </option>
      </select>
      <Numbers view={view} />
    </>
  );
}

const chosen = ({ center, width, name }: Preset): Choice => ({
  kind: "set",
  window: linear(center, width, name),
});

/** The value of the menu that stands for a choice. */
function optionOf(choice: Choice, isCt: boolean): string {
  if (choice.kind === "file") return `file ${choice.number}`;
  if (choice.kind === "auto") return "auto";
  const { center, width, function: how } = choice.window;
  // In an address, a window has no name.
  const preset = CT_PRESETS.find(
    (one) => isCt && how === "LINEAR" && one.center === center && one.width === width,
  );
  return preset ? `preset ${preset.key}` : "set";
}

function choose(view: StackView, value: string): void {
  const [kind, what] = value.split(" ");
  if (kind === "file") view.choose({ kind: "file", number: Number(what) });
  else if (kind === "auto") view.choose({ kind: "auto" });
  else {
    const preset = CT_PRESETS.find(({ key }) => key === what);
    if (preset) view.choose(chosen(preset));
  }
}

function Numbers({ view }: { view: StackView }) {
  const window = view.window.value;
  if (!window || view.known?.image.photometricInterpretation === "RGB") return null;
  const set = (center: number, width: number) =>
    view.choose({ kind: "set", window: askedWindow(center, width, window, view.known) });
  return (
    <>
      <NumberField
        class="window-number"
        label="Window centre"
        value={inShort(window.center)}
        take={(center) => set(center, window.width)}
      />
      <NumberField
        class="window-number"
        label="Window width"
        min={0}
        value={inShort(window.width)}
        wrong={(width) => !(width > 0) && "has to be more than 0"}
        take={(width) => set(window.center, width)}
      />
    </>
  );
}
