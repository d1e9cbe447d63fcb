/** What the page is put together of: each part of the viewer adds its line here, and knows nothing of the others. */

import type { ComponentType } from "preact";
import { SaveMenu } from "~/giving/save-menu";
import { MeasurementsPanel } from "~/measuring/panel";
import { MeasuringTools } from "~/measuring/tool-group";
import { lazy } from "~/shell/lazy";
import { CineTools, PrimaryTools, Toggles, Transforms } from "~/viewport/tools";
import { WindowMenu } from "~/viewport/window-menu";
import { VolumeTools } from "~/volumes/volume-tools";
import { LayoutPicker } from "./layout-picker";
import type { Reading } from "./reading";

export interface Part {
  id: string;
  title: string;
  component: ComponentType<{ reading: Reading }>;
}

/** Groups of buttons in the tool bar, in their order. */
export const TOOLS: Part[] = [
  { id: "layout", title: "Layout", component: LayoutPicker },
  { id: "primary", title: "Primary button", component: PrimaryTools },
  { id: "measuring", title: "Measuring", component: MeasuringTools },
  { id: "window", title: "Window", component: WindowMenu },
  { id: "transforms", title: "Image", component: Transforms },
  { id: "toggles", title: "Screen", component: Toggles },
  { id: "cine", title: "Film", component: CineTools },
  { id: "volumes", title: "Volumes", component: VolumeTools },
  { id: "giving", title: "Save and share", component: SaveMenu },
];

/** Panels at the right side, of which one is open at a time. */
export const PANELS: Part[] = [
  { id: "measurements", title: "Measurements", component: MeasurementsPanel },
  {
    id: "derived",
    title: "Overlays",
    component: lazy(async () => (await import("~/derived/derived-panel")).DerivedPanel),
  },
  {
    id: "header",
    title: "Header",
    component: lazy(async () => (await import("~/header/header-panel")).HeaderPanel),
  },
];
