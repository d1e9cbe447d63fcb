import { useEffect, useRef, useState } from "preact/hooks";
import type { InstanceRef } from "~/server/dicomweb";
import { useAsked } from "~/shell/asked";
import { Failure } from "~/shell/boundary";
import { counted } from "~/studies/values";
import type { CellProps } from "~/viewport/cell";
import { DocumentFrame } from "./document-frame";
import {
  type Annotation,
  askSamples,
  askWaveforms,
  clock,
  type Group,
  layOut,
  millivolts,
  type Paper,
  type Part,
  partFrom,
} from "./waveform";
import { drawSheet } from "./waveform-drawing";

const SPEEDS = [12.5, 25, 50];
const GAINS = [5, 10, 20];
const COLUMNS = [1, 2, 4];
const ZOOMS = [2, 3, 4, 6]; // pixels of the screen for a millimetre

/** ECGs and other waveforms, on their grid. */
export function WaveformCell(props: CellProps) {
  return (
    <DocumentFrame {...props} kind="waveform">
      {(instance) => <Waveform key={instance.instance} instance={instance} />}
    </DocumentFrame>
  );
}

function Waveform({ instance }: { instance: InstanceRef }) {
  const [group, setGroup] = useState(0);
  const { value, error } = useAsked((signal) => askWaveforms(instance, signal), instance.instance);
  if (error) return <Failure error={error} />;
  if (!value) return <div class="loading" role="status" aria-label="Loading" />;
  const found = value.groups[group];
  if (!found) return <Failure error={new Error("the waveform has no channels")} />;
  return (
    <>
      {value.groups.length > 1 && (
        <div class="document-bar">
          <label>
            Group{" "}
            <select value={group} onChange={(event) => setGroup(Number(event.currentTarget.value))}>
              {value.groups.map((one, index) => (
                <option key={index} value={index}>
                  {one.label || `Group ${index + 1}`}
                </option>
              ))}
            </select>
          </label>
        </div>
      )}
      <Channels key={group} instance={instance} number={group + 1} group={found} />
      <Annotations of={value.annotations} />
    </>
  );
}

function Channels({ instance, number, group }: { instance: InstanceRef; number: number; group: Group }) {
  const isEcg = group.channels.some((channel) => millivolts(channel) !== undefined);
  const [first, setFirst] = useState(0);
  const part = partFrom(group, first);
  const seconds = part.count / group.samplingFrequencyHz;
  const [paper, setPaper] = useState<Paper>({ speed: 25, gain: 10, columns: 1 });
  const [zoom, setZoom] = useState(4);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { value: samples, error } = useAsked(
    (signal) => askSamples(instance, number, part, signal),
    `${instance.instance} ${number} ${first}`,
  );
  const sheet = layOut(group.channels.length, seconds, paper);
  useEffect(() => {
    if (!samples || !canvas.current) return;
    drawSheet(canvas.current, { sheet, group: { ...group, samples: part.count }, samples, paper, zoom });
    canvas.current.dataset.drawn = "true";
    canvas.current.dataset.first = String(first);
  }, [samples, paper, zoom]);
  if (error) return <Failure error={error} />;
  const choice = (label: string, values: number[], unit: string, name: keyof Paper) => (
    <label>
      {label}{" "}
      <select
        value={paper[name]}
        onChange={(event) => setPaper({ ...paper, [name]: Number(event.currentTarget.value) })}
      >
        {values.map((one) => (
          <option key={one} value={one}>
            {one}
            {unit}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <>
      <div class="document-bar">
        <h2>{group.label || "Waveform"}</h2>
        <span class="hint">
          {group.channels.length} channels · {group.samplingFrequencyHz} Hz · {lasting(group)}
        </span>
        {part.count < group.samples && <Which group={group} part={part} onChange={setFirst} />}
        {choice("Speed", SPEEDS, " mm/s", "speed")}
        {isEcg && choice("Gain", GAINS, " mm/mV", "gain")}
        {group.channels.length > 3 && choice("Columns", COLUMNS, "", "columns")}
        <label>
          Size{" "}
          <select value={zoom} onChange={(event) => setZoom(Number(event.currentTarget.value))}>
            {ZOOMS.map((one) => (
              <option key={one} value={one}>
                {(one * 25).toFixed(0)} %
              </option>
            ))}
          </select>
        </label>
      </div>
      <div class="paper" tabIndex={0} role="region" aria-label="Waveform">
        <canvas
          ref={canvas}
          role="img"
          aria-label={`${group.channels.length} channels of ${seconds.toFixed(1)} s`}
        />
      </div>
    </>
  );
}

/** Chooses which part of a long waveform is on the sheet. */
function Which({ group, part, onChange }: { group: Group; part: Part; onChange: (first: number) => void }) {
  const { first, count } = part;
  const length = partFrom(group, 0).count;
  const last = Math.floor((group.samples - 1) / length) * length;
  const [from, to, end] = [first, first + count, group.samples].map((one) =>
    clock(one / group.samplingFrequencyHz),
  );
  const go = (to: number) => onChange(Math.max(0, Math.min(last, to)));
  return (
    <span class="waveform-part">
      <button type="button" disabled={first === 0} onClick={() => go(first - length)}>
        Earlier
      </button>
      <input
        type="range"
        aria-label="Part of the time"
        aria-valuetext={`${from} to ${to} of ${end}`}
        min={0}
        max={last}
        step={length}
        value={first}
        onChange={(event) => go(Number(event.currentTarget.value))}
      />
      <button type="button" disabled={first >= last} onClick={() => go(first + length)}>
        Later
      </button>
      <output>
        {from}–{to} of {end}
      </output>
    </span>
  );
}

const lasting = (group: Group): string => {
  const seconds = group.samples / group.samplingFrequencyHz;
  return seconds < 100 ? `${seconds.toFixed(1)} s` : clock(seconds);
};

function Annotations({ of }: { of: Annotation[] }) {
  if (!of.length) return null;
  return (
    <details class="waveform-notes">
      <summary>{counted(of.length, "annotation")}</summary>
      <dl>
        {of.map((one, index) => (
          <div key={index}>
            <dt>{one.name}</dt>
            <dd>{one.text || (one.value === null ? "" : `${one.value} ${one.unit}`)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
