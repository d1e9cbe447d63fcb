import { Enums } from "@cornerstonejs/core";
import { useEffect, useState } from "preact/hooks";
import { Failure } from "~/shell/boundary";
import { useKeys } from "~/shell/keys";
import type { CellProps } from "~/viewport/cell";
import { joinWhole, leaveWhole } from "./plane-tools";
import { presetsFor } from "./presets";
import { onSlices } from "./series-volume";
import { volumesOf } from "./state";
import { useVolume } from "./use-volume";
import { SIDE_NAMES, type Side, WholeView } from "./whole-view";
import "./volumes.css";

const STEP = 15;

/** A cell that shows a volume as a whole. */
export function WholeCell(props: CellProps) {
  const { reading, index, content } = props;
  const [preset, setPreset] = useState(0);
  const [light, setLight] = useState<number>();
  const volumes = volumesOf(reading);
  const presets = presetsFor(content.series.Modality ?? "");
  const { element, view, error } = useVolume<WholeView>(props, {
    open: (id, shown, opened) => WholeView.open(id, shown, opened, presets[0]!),
    join(made, shown, { engine }) {
      joinWhole(made.id, engine.id);
      return [() => leaveWhole(made.id, engine.id), follow(made, shown)];
    },
  });
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

/** Draws coarsely while the view changes; what is given back ends that. */
function follow(view: WholeView, element: HTMLDivElement): () => void {
  element.addEventListener(Enums.Events.IMAGE_RENDERED, () => {
    element.dataset.drawn = "true";
  });
  element.addEventListener(Enums.Events.CAMERA_MODIFIED, () => view.moving());
  return onSlices(view.volume, () => view.moving());
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
