/** Gives the measuring tools to the pointer. */

import { addTool, annotation as annotations } from "@cornerstonejs/tools";
import { offerTool, toolGroup } from "~/viewport/mouse";
import { ERASER, KINDS } from "./kinds";
import { COMMON } from "./marks";
import type { Measurements } from "./measurements";
import { lines } from "./words";
import { askWords } from "./words-dialog";

type Group = ReturnType<typeof toolGroup>;

/** Offers the tools; what they write beside what was drawn is what the list says. */
export function offerTools(measurements: Measurements): void {
  for (const { kind, tool } of KINDS) offerTool(kind, tool);
  offerTool(ERASER.name, ERASER.tool);
  configure(toolGroup(), measurements);
  dress();
}

/** Gives the same tools to another group, as ones that show what was drawn. */
export function giveTools(group: Group, measurements: Measurements): void {
  for (const { tool } of [...KINDS, ERASER]) {
    addTool(tool);
    if (!group.hasTool(tool.toolName)) group.addTool(tool.toolName);
  }
  configure(group, measurements);
}

function configure(group: Group, measurements: Measurements): void {
  const configuration = {
    // Cornerstone's own numbers are not shown: `values.ts` has them for the words, the list, and the report alike.
    calculateStats: false,
    getTextLines: (data: object): string[] => {
      const mark = measurements.markOfData(data);
      if (!mark) return [];
      const found = lines(measurements.valuesOf(mark), measurements.uptakeOf(mark));
      return mark.label ? [mark.label, ...found] : found;
    },
    getTextCallback: (done: (text: string | null) => void) => askWords(done),
  };
  for (const { kind, tool } of KINDS) {
    // Its freehand tool writes nothing without.
    const calculateStats = kind === "freehand";
    group.setToolConfiguration(tool.toolName, { ...configuration, calculateStats });
  }
}

/** Yellow, as on every other station; white where the pointer is. */
function dress(): void {
  const { style } = annotations.config;
  const { global } = style.getDefaultToolStyles();
  const [common, near, chosen] = [`rgb(${COMMON.join(", ")})`, "rgb(255, 255, 255)", "rgb(92, 200, 255)"];
  style.setDefaultToolStyles({
    ...style.getDefaultToolStyles(),
    global: {
      ...global,
      color: common,
      colorHighlighted: near,
      colorSelected: chosen,
      lineWidth: "1.5",
      textBoxColor: common,
      textBoxColorHighlighted: near,
      textBoxColorSelected: chosen,
      textBoxFontFamily: 'system-ui, "Segoe UI", Roboto, sans-serif',
      textBoxFontSize: "13px",
      textBoxBackground: "rgba(0, 0, 0, 0.55)",
      textBoxBorderRadius: 4,
      textBoxMargin: 4,
      textBoxLinkLineColor: common,
    },
  } as never);
}
