/** What the page is put together of: each part of the viewer adds its line here, and knows nothing of the others. */

import type { ComponentType } from "preact";
import { SaveMenu } from "~/giving/save-menu";
import { Leaving } from "~/measuring/leaving";
import { MeasurementsPanel } from "~/measuring/panel";
import { MeasuringTools } from "~/measuring/tool-group";
import { WordsDialog } from "~/measuring/words-dialog";
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
  /** Whether its buttons are in a menu where the page is narrow, and whether that goes when one is chosen. */
  folds?: "until chosen" | "stays";
}

/** Groups of buttons in the tool bar, in their order: so that two rows of 1,280 pixels hold them. */
export const TOOLS: Part[] = [
  { id: "layout", title: "Layout", component: LayoutPicker },
  { id: "primary", title: "Primary button", component: PrimaryTools },
  { id: "measuring", title: "Measuring", component: MeasuringTools, folds: "until chosen" },
  { id: "toggles", title: "Screen", component: Toggles, folds: "stays" },
  { id: "giving", title: "Save and share", component: SaveMenu },
  { id: "window", title: "Window", component: WindowMenu },
  { id: "transforms", title: "Image", component: Transforms, folds: "stays" },
  { id: "cine", title: "Film", component: CineTools },
  { id: "volumes", title: "Volumes", component: VolumeTools },
];

/** Dialogs of the page: not in the tool bar, whose groups are not always shown. */
export const DIALOGS: ComponentType<{ reading: Reading }>[] = [WordsDialog, Leaving];

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
