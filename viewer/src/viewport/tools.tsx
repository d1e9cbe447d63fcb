/** Groups of the tool bar that act on images, and their keys. */

import type { ComponentType } from "preact";
import type { Reading } from "~/reading/reading";
import {
  CrosshairIcon,
  FitIcon,
  FlipAcrossIcon,
  FlipDownIcon,
  InvertIcon,
  LinesIcon,
  LinkIcon,
  MagnifyIcon,
  PanIcon,
  PauseIcon,
  PlayIcon,
  ResetIcon,
  RotateIcon,
  ScrollIcon,
  SmoothIcon,
  TextIcon,
  WindowIcon,
  ZoomIcon,
} from "~/shell/icons";
import { capsOf, useKeys } from "~/shell/keys";
import { NumberField } from "~/shell/number-field";
import { primaryTool, setPrimaryTool } from "./mouse";
import type { StackView } from "./view";
import { inShort } from "./windows";

const MOST_FPS = 120;

interface Group {
  reading: Reading;
}

interface ButtonProps {
  name: string;
  keys: string;
  icon: ComponentType;
  onClick: () => void;
  isOn?: boolean | undefined;
  disabled?: boolean;
}

function Button({ name, keys, icon: Icon, onClick, isOn, disabled }: ButtonProps) {
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={name}
      title={`${name} (${capsOf(keys).join("+")})`}
      aria-pressed={isOn}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon />
    </button>
  );
}

const PRIMARY: [string, string, string, ComponentType][] = [
  ["window", "Window", "w", WindowIcon],
  ["scroll", "Scroll", "s", ScrollIcon],
  ["pan", "Move", "p", PanIcon],
  ["zoom", "Zoom", "z", ZoomIcon],
  ["magnify", "Magnifying glass", "g", MagnifyIcon],
  ["crosshair", "Same point in all cells", "x", CrosshairIcon],
];

/** What the primary button does. */
export function PrimaryTools({ reading }: Group) {
  const choose = (name: string) => {
    if (name !== "crosshair") reading.cursor.value = undefined;
    setPrimaryTool(name);
  };
  useKeys(() =>
    PRIMARY.map(([name, title, key]) => ({
      keys: [key],
      does: `Primary button: ${title.toLowerCase()}`,
      group: "Pointer",
      run: () => choose(name),
    })),
  );
  return (
    <>
      {PRIMARY.map(([name, title, key, icon]) => (
        <Button
          key={name}
          name={title}
          keys={key}
          icon={icon}
          isOn={primaryTool.value === name}
          onClick={() => choose(name)}
        />
      ))}
    </>
  );
}

interface Action {
  name: string;
  key: string;
  icon?: ComponentType;
  run: (view: StackView) => void;
  isOn?: (view: StackView) => boolean;
}

const ACTIONS: Action[] = [
  {
    name: "Invert",
    key: "i",
    icon: InvertIcon,
    run: (view) => view.invert(),
    isOn: (view) => view.isInverted.value,
  },
  { name: "Turn right", key: "r", icon: RotateIcon, run: (view) => view.rotate(90) },
  { name: "Turn left", key: "R", run: (view) => view.rotate(-90) },
  {
    name: "Mirror left to right",
    key: "h",
    icon: FlipAcrossIcon,
    run: (view) => view.flip("flipHorizontal"),
  },
  { name: "Mirror top to bottom", key: "v", icon: FlipDownIcon, run: (view) => view.flip("flipVertical") },
  { name: "Fit the cell", key: "f", icon: FitIcon, run: (view) => view.fit() },
  { name: "One to one", key: "=", icon: () => <b class="icon-text">1:1</b>, run: (view) => view.oneToOne() },
  {
    name: "Smooth pixels",
    key: "n",
    icon: SmoothIcon,
    run: (view) => view.smooth(!view.isSmooth.value),
    isOn: (view) => view.isSmooth.value,
  },
  { name: "Reset", key: "Backspace", icon: ResetIcon, run: (view) => view.reset() },
  { name: "Larger", key: "+", run: (view) => view.zoom(1.25) },
  { name: "Smaller", key: "-", run: (view) => view.zoom(0.8) },
];

/** How the active image lies. */
export function Transforms({ reading }: Group) {
  const view = reading.activeView.value;
  useKeys(() =>
    ACTIONS.map(({ name, key, run }) => ({
      keys: [key],
      does: name,
      group: "Image",
      run: () => reading.activeView.peek() && run(reading.activeView.peek()!),
    })),
  );
  return (
    <>
      {ACTIONS.map(
        ({ name, key, icon, run, isOn }) =>
          icon && (
            <Button
              key={name}
              name={name}
              keys={key}
              icon={icon}
              disabled={!view}
              isOn={view && isOn?.(view)}
              onClick={() => view && run(view)}
            />
          ),
      )}
    </>
  );
}

const STEPS: [string[], string, (view: StackView) => void][] = [
  [["ArrowDown"], "Next image", (view) => view.scroll(1)],
  [["ArrowUp"], "Image before", (view) => view.scroll(-1)],
  [["PageDown"], "Ten images on", (view) => view.scroll(10)],
  [["PageUp"], "Ten images back", (view) => view.scroll(-10)],
  [["Home"], "First image", (view) => view.scroll(-view.imageIds.length)],
  [["End"], "Last image", (view) => view.scroll(view.imageIds.length)],
];

/** What is written on images, and what cells do together. */
export function Toggles({ reading }: Group) {
  const flip = (which: { value: boolean }) => () => {
    which.value = !which.value;
  };
  const toggles: [string, string, ComponentType | undefined, { value: boolean }][] = [
    ["Text in the corners", "o", TextIcon, reading.hasCorners],
    ["Overlays of the file", "O", undefined, reading.hasGraphics],
    ["Reference lines", "e", LinesIcon, reading.hasReferenceLines],
    ["Scroll together", "j", LinkIcon, reading.linksScroll],
    ["Same window", "J", () => <b class="icon-text">W</b>, reading.linksWindow],
  ];
  useKeys(() => [
    ...toggles.map(([name, key, , which]) => ({
      keys: [key],
      does: name,
      group: "Screen",
      run: flip(which),
    })),
    ...STEPS.map(([keys, does, run]) => ({
      keys,
      does,
      group: "Images",
      run: () => reading.activeView.peek() && run(reading.activeView.peek()!),
    })),
  ]);
  return (
    <>
      {toggles.map(
        ([name, key, icon, which]) =>
          icon && (
            <Button key={name} name={name} keys={key} icon={icon} isOn={which.value} onClick={flip(which)} />
          ),
      )}
    </>
  );
}

/** Plays films. */
export function CineTools({ reading }: Group) {
  const view = reading.activeView.value;
  useKeys(() => [
    {
      keys: [" "],
      does: "Play or pause",
      group: "Images",
      run: () => reading.activeView.peek()?.cine.toggle(),
    },
  ]);
  if (!view || view.imageIds.length < 2) return null;
  const { cine } = view;
  view.shown.value; // The rate is that of the shown image.
  return (
    <>
      <Button
        name={cine.playing.value ? "Pause" : "Play"}
        keys="Space"
        icon={cine.playing.value ? PauseIcon : PlayIcon}
        onClick={() => cine.toggle()}
      />
      <NumberField
        class="fps"
        label="Images per second"
        title="Images per second; empty: as the file says"
        min={0}
        max={MOST_FPS}
        placeholder={inShort(cine.rate)}
        value={cine.fps.value === undefined ? "" : inShort(cine.fps.value)}
        wrong={(fps) => !(fps > 0 && fps <= MOST_FPS) && `have to be more than 0, and ${MOST_FPS} at most`}
        take={(fps) => {
          cine.fps.value = fps;
        }}
        onEmpty={() => {
          cine.fps.value = undefined;
        }}
      />
      <select
        aria-label="At the end"
        title="At the end of the film"
        value={cine.ending.value}
        onChange={(event) => {
          cine.ending.value = event.currentTarget.value === "bounce" ? "bounce" : "loop";
        }}
      >
        <option value="loop">loop</option>
        <option value="bounce">back and forth</option>
      </select>
    </>
  );
}
