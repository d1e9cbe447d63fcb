/**
 * What the pointer does in images: one group of tools for all viewports. The middle button moves, the right one zooms,
 * the wheel and three fingers scroll, two fingers move and zoom; what the primary button and one finger do is chosen.
 */

import {
  addTool,
  Enums,
  MagnifyTool,
  PanTool,
  StackScrollTool,
  ToolGroupManager,
  type Types,
  WindowLevelTool,
  ZoomTool,
} from "@cornerstonejs/tools";
import { signal } from "@preact/signals";
import { TwoFingersTool } from "./two-fingers";

/** A tool of Cornerstone's: `static toolName`. */
type ToolClass = Parameters<typeof addTool>[0] & { toolName: string };
type Bindings = NonNullable<Types.SetToolBindingsType["bindings"]>;
type Group = NonNullable<ReturnType<typeof ToolGroupManager.getToolGroup>>;

interface Offered {
  tool: ToolClass;
  /** What it does besides, whichever tool is the primary one. */
  always: Bindings;
}

const GROUP = "images";
const { MouseBindings } = Enums;
const PRIMARY: Bindings = [{ mouseButton: MouseBindings.Primary }, { numTouchPoints: 1 }];

const offered = new Map<string, Offered>([
  ["window", { tool: WindowLevelTool, always: [] }],
  ["pan", { tool: PanTool, always: [{ mouseButton: MouseBindings.Auxiliary }] }],
  ["zoom", { tool: ZoomTool, always: [{ mouseButton: MouseBindings.Secondary }] }],
  [
    "scroll",
    { tool: StackScrollTool, always: [{ mouseButton: MouseBindings.Wheel }, { numTouchPoints: 3 }] },
  ],
  ["magnify", { tool: MagnifyTool, always: [] }],
  ["two fingers", { tool: TwoFingersTool, always: [{ numTouchPoints: 2 }] }],
]);

const chosen = signal("window");

/** The name of the tool of the primary button: one of `window`, `pan`, `zoom`, `scroll`, `magnify`, or an offered one. */
export const primaryTool = {
  get value() {
    return chosen.value;
  },
};

/** Gives the primary button, and one finger, to a tool. */
export function setPrimaryTool(name: string): void {
  if (!offered.has(name)) throw new Error(`there is no tool \`${name}\``);
  chosen.value = name;
  const group = ToolGroupManager.getToolGroup(GROUP);
  if (group) arrange(group);
}

/** Adds a tool that `setPrimaryTool` can choose, under a name: a measuring tool, say. What it drew stays when another is chosen. */
export function offerTool(name: string, tool: ToolClass): void {
  if (offered.has(name)) return;
  offered.set(name, { tool, always: [] });
  const group = ToolGroupManager.getToolGroup(GROUP);
  if (!group) return;
  take(group, tool);
  arrange(group);
}

/** The group, for what is no tool of the primary button: reference lines, say. */
export const toolGroup = (): Group => ToolGroupManager.getToolGroup(GROUP) ?? makeGroup();

/** Lets the tools work in a viewport. */
export function joinTools(viewportId: string, engineId: string): void {
  toolGroup().addViewport(viewportId, engineId);
}

/** Takes a viewport out of the group: before it is gone. */
export function leaveTools(viewportId: string, engineId: string): void {
  ToolGroupManager.getToolGroup(GROUP)?.removeViewports(engineId, viewportId);
}

function makeGroup(): Group {
  const group = ToolGroupManager.createToolGroup(GROUP)!;
  for (const { tool } of offered.values()) take(group, tool);
  arrange(group);
  return group;
}

function take(group: Group, tool: ToolClass): void {
  addTool(tool);
  group.addTool(tool.toolName);
}

function arrange(group: Group): void {
  for (const [name, { tool, always }] of offered) {
    const bindings = name === chosen.value ? [...always, ...PRIMARY] : always;
    // Passive tools still show, and let one edit, what they drew.
    group.setToolPassive(tool.toolName, { removeAllBindings: true });
    if (bindings.length) group.setToolActive(tool.toolName, { bindings });
  }
}
