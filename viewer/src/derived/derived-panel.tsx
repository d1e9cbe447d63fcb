import { useEffect, useState } from "preact/hooks";
import type { Reading } from "~/reading/reading";
import { Failure } from "~/shell/boundary";
import { failed } from "~/shell/notices";
import { gradient } from "./colour-map";
import { showKeyImage } from "./key-images";
import { type Colour, type Derived, type DerivedObject, derivedOf, LAYERED, type Part } from "./objects";
import "./derived.css";

const TITLES: Partial<Record<DerivedObject["kind"], string>> = {
  segmentation: "Segmentation",
  contours: "Structures",
  dose: "Dose",
  "parametric-map": "Parametric map",
  presentation: "Presentation state",
  "key-objects": "Key objects",
};

/** What of the studies lies over images: chosen, coloured, applied. */
export function DerivedPanel({ reading }: { reading: Reading }) {
  const derived = derivedOf(reading);
  const [error, setError] = useState<unknown>();
  const ask = () => {
    const aborter = new AbortController();
    setError(undefined);
    derived.ask(reading, aborter.signal).catch((reason) => aborter.signal.aborted || setError(reason));
    return () => aborter.abort();
  };
  useEffect(ask, [reading.studies.value]);
  if (error) return <Failure error={error} onRetry={ask} />;
  const objects = derived.objects.value;
  if (!objects) return <div class="loading" role="status" aria-label="Loading" />;
  if (!objects.length) {
    return (
      <p class="derived-empty">
        This study has no segmentations, structures, doses, presentation states or key objects.
      </p>
    );
  }
  return (
    <>
      {derived.left.value > 0 && (
        <p class="derived-empty" role="status">
          Listed are the first {objects.length} of {objects.length + derived.left.value}, as many as are
          opened at a time.
        </p>
      )}
      <ul class="derived-panel" aria-label="Overlays">
        {objects.map((object) => (
          <li key={object.instance}>
            <ObjectRow reading={reading} derived={derived} object={object} />
          </li>
        ))}
      </ul>
    </>
  );
}

interface RowProps {
  reading: Reading;
  derived: Derived;
  object: DerivedObject;
}

function ObjectRow({ reading, derived, object }: RowProps) {
  const title = object.label || TITLES[object.kind] || "Object";
  return (
    <>
      <header>
        <Switch derived={derived} object={object} title={title} />
        <span class="kind">{TITLES[object.kind]}</span>
      </header>
      {object.description && object.description !== title && <p class="hint">{object.description}</p>}
      {object.error && (
        <p class="derived-error" role="alert">
          {object.error}
        </p>
      )}
      {LAYERED.has(object.kind) && <Looks derived={derived} object={object} />}
      {object.keyImages && <KeyImages reading={reading} object={object} />}
    </>
  );
}

/** Whether an object is shown; of presentation states one at a time. */
function Switch({ derived, object, title }: { derived: Derived; object: DerivedObject; title: string }) {
  if (object.kind === "key-objects") return <strong>{title}</strong>;
  const isState = object.kind === "presentation";
  const isOn = isState ? derived.state.value?.instance === object.instance : derived.lookOf(object).isShown;
  const toggle = () => {
    if (isState) derived.state.value = isOn ? undefined : object;
    else derived.change(object, { isShown: !isOn });
  };
  return (
    <label>
      <input type="checkbox" checked={isOn} disabled={Boolean(object.error) && !isOn} onChange={toggle} />{" "}
      <strong>{title}</strong>
    </label>
  );
}

function Looks({ derived, object }: { derived: Derived; object: DerivedObject }) {
  const look = derived.lookOf(object);
  if (!look.isShown) return null;
  const isField = !object.parts.length;
  const range = (label: string, value: number, change: (value: number) => void) => (
    <label class="derived-range">
      {label}
      <input
        type="range"
        min="0"
        max="1"
        step="0.05"
        value={value}
        onInput={(event) => change(Number(event.currentTarget.value))}
      />
      <output>{Math.round(value * 100)} %</output>
    </label>
  );
  return (
    <div class="derived-looks">
      {range("Opacity", look.opacity, (opacity) => derived.change(object, { opacity }))}
      {isField && range("From", look.from, (from) => derived.change(object, { from }))}
      {isField && (
        <div class="derived-scale" style={{ background: gradient.replace("to top", "to right") }} />
      )}
      {object.parts.length > 1 && <AllParts derived={derived} object={object} />}
      <ul>
        {object.parts.map((part) => (
          <li key={part.number}>
            <PartRow derived={derived} object={object} part={part} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function AllParts({ derived, object }: { derived: Derived; object: DerivedObject }) {
  return (
    <div class="derived-all">
      <button type="button" onClick={() => derived.change(object, { hidden: new Set() })}>
        Show all
      </button>
      <button
        type="button"
        onClick={() => derived.change(object, { hidden: new Set(object.parts.map((part) => part.number)) })}
      >
        Hide all
      </button>
    </div>
  );
}

function PartRow({ derived, object, part }: { derived: Derived; object: DerivedObject; part: Part }) {
  const look = derived.lookOf(object);
  const toggle = () => {
    const hidden = new Set(look.hidden);
    if (!hidden.delete(part.number)) hidden.add(part.number);
    derived.change(object, { hidden });
  };
  const colour = look.colours.get(part.number) ?? part.colour;
  return (
    <>
      <input
        type="color"
        aria-label={`Colour of ${part.label}`}
        value={hex(colour)}
        onInput={(event) => {
          const chosen = rgb(event.currentTarget.value);
          derived.change(object, { colours: new Map(look.colours).set(part.number, chosen) });
        }}
      />
      <label>
        <input type="checkbox" checked={!look.hidden.has(part.number)} onChange={toggle} /> {part.label}
      </label>
    </>
  );
}

function KeyImages({ reading, object }: { reading: Reading; object: DerivedObject }) {
  return (
    <ol class="derived-keys">
      {object.keyImages!.map((image, index) => (
        <li key={index}>
          <button type="button" onClick={() => showKeyImage(reading, image).catch((error) => failed(error))}>
            Image {index + 1}
            {image.frames.length ? `, frame ${image.frames[0]! + 1}` : ""}
          </button>
        </li>
      ))}
    </ol>
  );
}

const hex = (colour: Colour): string =>
  `#${colour.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
const rgb = (text: string): Colour =>
  [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16)) as Colour;
