/** What the pointer does in images: one group of tools for all viewports. */

import {
  addTool,
  Enums,
  PanTool,
  StackScrollTool,
  ToolGroupManager,
  WindowLevelTool,
  ZoomTool,
} from "@cornerstonejs/tools";

const GROUP = "images";
const { MouseBindings } = Enums;

/** Lets the tools work in a viewport. */
export function joinTools(viewportId: string, engineId: string): void {
  const group = ToolGroupManager.getToolGroup(GROUP) ?? makeGroup();
  group.addViewport(viewportId, engineId);
}

function makeGroup() {
  const group = ToolGroupManager.createToolGroup(GROUP)!;
  for (const tool of [WindowLevelTool, PanTool, ZoomTool, StackScrollTool]) {
    addTool(tool);
    group.addTool(tool.toolName);
  }
  group.setToolActive(WindowLevelTool.toolName, { bindings: [{ mouseButton: MouseBindings.Primary }] });
  group.setToolActive(PanTool.toolName, { bindings: [{ mouseButton: MouseBindings.Auxiliary }] });
  group.setToolActive(ZoomTool.toolName, { bindings: [{ mouseButton: MouseBindings.Secondary }] });
  group.setToolActive(StackScrollTool.toolName, { bindings: [{ mouseButton: MouseBindings.Wheel }] });
  return group;
}
