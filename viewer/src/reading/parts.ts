/** What the page is put together of: each part of the viewer adds its line here, and knows nothing of the others. */

import type { ComponentType } from "preact";
import { MeasurementsPanel } from "~/measuring/panel";
import { MeasuringTools } from "~/measuring/tool-group";
import type { Reading } from "./reading";

export interface Part {
  id: string;
  title: string;
  component: ComponentType<{ reading: Reading }>;
}

/** Groups of buttons in the tool bar, in their order. */
export const TOOLS: Part[] = [{ id: "measuring", title: "Measuring", component: MeasuringTools }];

/** Panels at the right side, of which one is open at a time. */
export const PANELS: Part[] = [{ id: "measurements", title: "Measurements", component: MeasurementsPanel }];
