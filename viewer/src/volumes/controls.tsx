import { NumberField } from "~/shell/number-field";
import { COLOUR_NAMES } from "./colour-names";
import type { Blend, Volumes } from "./state";

const BLENDS: [Blend, string][] = [
  ["largest", "Maximum (MIP)"],
  ["smallest", "Minimum (MinIP)"],
  ["average", "Average"],
];

/** How thick planes are, and what is made of the voxels in them. */
export function SlabControls({ volumes }: { volumes: Volumes }) {
  return (
    <>
      <label>
        Thickness, {volumes.slab.value ? `${volumes.slab.value} mm` : "one voxel"}
        <input
          type="range"
          min={0}
          max={100}
          step={1}
          value={volumes.slab.value}
          onInput={(event) => {
            volumes.slab.value = Number(event.currentTarget.value);
          }}
        />
      </label>
      <label>
        Of its voxels, show
        <select
          value={volumes.blend.value}
          onChange={(event) => {
            volumes.blend.value = event.currentTarget.value as Blend;
          }}
        >
          {BLENDS.map(([blend, name]) => (
            <option key={blend} value={blend}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

/** How uptake lies over anatomy. */
export function FusionControls({ volumes }: { volumes: Volumes }) {
  const [lower, upper] = volumes.uptake.value;
  const set = (low: number, high: number) => {
    volumes.uptake.value = [low, high];
  };
  return (
    <>
      <label>
        Opacity, {Math.round(volumes.opacity.value * 100)} %
        <input
          type="range"
          min={0}
          max={1}
          step={0.05}
          value={volumes.opacity.value}
          onInput={(event) => {
            volumes.opacity.value = Number(event.currentTarget.value);
          }}
        />
      </label>
      <label>
        Colours
        <select
          value={volumes.colours.value}
          onChange={(event) => {
            volumes.colours.value = event.currentTarget.value;
          }}
        >
          {COLOUR_NAMES.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <fieldset class="ends">
        <legend>Window of the uptake</legend>
        <NumberField
          label="From"
          value={String(lower)}
          wrong={(low) => low >= upper && `has to be less than ${upper}`}
          take={(low) => set(low, upper)}
        />
        –
        <NumberField
          label="To"
          value={String(upper)}
          wrong={(high) => high <= lower && `has to be more than ${lower}`}
          take={(high) => set(lower, high)}
        />
      </fieldset>
    </>
  );
}
