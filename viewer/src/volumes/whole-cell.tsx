import { Enums } from "@cornerstonejs/core";
import { useEffect, useRef, useState } from "preact/hooks";
import { resize } from "~/imaging/resizing";
import { Failure } from "~/shell/boundary";
import { useKeys } from "~/shell/keys";
import type { CellProps } from "~/viewport/cell";
import { openVolume } from "./open-volume";
import { joinWhole, leaveWhole } from "./plane-tools";
import { presetsFor } from "./presets";
import { onSlices } from "./series-volume";
import { volumesOf } from "./state";
import { SIDE_NAMES, type Side, WholeView } from "./whole-view";
import "./volumes.css";

const STEP = 15;

/** A cell that shows a volume as a whole. */
export function WholeCell({ reading, index, content }: CellProps) {
  const element = useRef<HTMLDivElement>(null);
  const [error, setError] = useState<unknown>();
  const [view, setView] = useState<WholeView>();
  const [preset, setPreset] = useState(0);
  const [light, setLight] = useState<number>();
  const volumes = volumesOf(reading);
  const presets = presetsFor(content.series.Modality ?? "");
  useEffect(() => {
    const ends: (() => void)[] = [];
    let gone = false;
    const finish = () => {
      for (const end of ends.splice(0)) end();
    };
    async function begin() {
      const opened = await openVolume(volumes, content.study, content.series);
      ends.push(opened.release);
      if (gone || !element.current) return finish();
      const shown = element.current;
      shown.addEventListener("contextmenu", (event) => event.preventDefault());
      const id = `cell-${index}`;
      const made = await WholeView.open(id, shown, opened, presets[0]!);
      ends.push(() => made.close());
      if (gone) return finish();
      joinWhole(id, opened.engine.id);
      ends.unshift(() => leaveWhole(id, opened.engine.id));
      shown.addEventListener(Enums.Events.IMAGE_RENDERED, () => {
        shown.dataset.drawn = "true";
      });
      shown.addEventListener(Enums.Events.CAMERA_MODIFIED, () => made.moving());
      const come = () => {
        const { come: there, failed } = opened.volume.state;
        shown.dataset.loaded = there + failed === opened.volume.grid.imageIds.length ? "true" : "false";
      };
      come();
      const grown = () => {
        come();
        made.moving();
      };
      ends.push(onSlices(opened.volume, grown));
      const resizing = new ResizeObserver(() => resize(opened.engine));
      resizing.observe(shown);
      ends.push(() => resizing.disconnect());
      setView(made);
    }
    begin().catch((reason) => (gone ? finish() : setError(reason)));
    return () => {
      gone = true;
      finish();
    };
  }, []);
  useEffect(() => {
    if (!view) return;
    view.setPreset(presets[preset]!);
    if (light !== undefined && presets[preset]!.of) view.setLight(light);
  }, [view, preset, light]);
  useEffect(() => view?.look("front"), [volumes.resets.value]);
  const look = (side: Side) => {
    view?.look(side);
    if (element.current) element.current.dataset.from = side;
  };
  const isActive = reading.active.value === index;
  useKeys(() => (isActive && view ? turnKeys(view) : []), [isActive, view]);
  if (error) return <Failure error={error} />;
  return (
    <div class="whole">
      <div ref={element} class="viewport" data-whole={presets[preset]!.name} />
      {view && (
        <div class="whole-controls">
          <select
            aria-label="How the volume is seen"
            value={preset}
            onChange={(event) => setPreset(Number(event.currentTarget.value))}
          >
            {presets.map(({ name }, number) => (
              <option key={name} value={number}>
                {name}
              </option>
            ))}
          </select>
          <select aria-label="From where" onChange={(event) => look(event.currentTarget.value as Side)}>
            {SIDE_NAMES.map((side) => (
              <option key={side} value={side}>
                from the {side}
              </option>
            ))}
          </select>
          <label>
            Light
            <input
              type="range"
              min={0}
              max={1}
              step={0.1}
              value={light ?? 0.5}
              onInput={(event) => setLight(Number(event.currentTarget.value))}
            />
          </label>
        </div>
      )}
    </div>
  );
}

const turnKeys = (view: WholeView) => {
  const key = (name: string, does: string, degrees: number, isTilt: boolean) => ({
    keys: [name],
    does,
    group: "Volumes",
    run: () => view.turn(degrees, isTilt),
  });
  return [
    key("ArrowLeft", "Turn the volume to the left", STEP, false),
    key("ArrowRight", "Turn the volume to the right", -STEP, false),
    key("ArrowUp", "Tilt it back", -STEP, true),
    key("ArrowDown", "Tilt it forward", STEP, true),
  ];
};
