/** What the page is put together of: each part of the viewer adds its line here, and knows nothing of the others. */

import type { ComponentType } from "preact";
import { lazy } from "~/shell/lazy";
import { VolumeTools } from "~/volumes/volume-tools";
import type { Reading } from "./reading";

export interface Part {
  id: string;
  title: string;
  component: ComponentType<{ reading: Reading }>;
}

/** Groups of buttons in the tool bar, in their order. */
export const TOOLS: Part[] = [{ id: "volumes", title: "Volumes", component: VolumeTools }];

/** Panels at the right side, of which one is open at a time. */
export const PANELS: Part[] = [
  {
    id: "header",
    title: "Header",
    component: lazy(async () => (await import("~/header/header-panel")).HeaderPanel),
  },
];
