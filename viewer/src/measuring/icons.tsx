import type { JSX } from "preact";
import type { Kind } from "~/server/measurements";
import { Icon as Picture } from "~/shell/icons";

const PATHS: Record<Kind | "eraser" | "undo" | "redo", JSX.Element> = {
  length: <path d="M4 16 16 4M2.5 14.5l3 3M14.5 2.5l3 3" />,
  bidirectional: <path d="M3 17 17 3M7 7l6 6M2 16l2 2M16 2l2 2M6 8l2-2M12 14l2-2" />,
  angle: <path d="M17 16H3L14 4M9 16a6 6 0 0 0-2-4.5" />,
  cobb_angle: <path d="M3 4l13 3M3 16l13-3M9.5 5.5v9" />,
  ellipse: <ellipse cx="10" cy="10" rx="8" ry="5.5" />,
  rectangle: <rect x="3" y="5" width="14" height="10" />,
  freehand: <path d="M4 12C2 7 6 3 9 5s5-2 7 2-1 5-1 8-6 2-11-3Z" />,
  probe: <path d="M10 2v5M10 13v5M2 10h5M13 10h5M10 9.5v1" />,
  arrow: <path d="M17 3 4 16M4 9v7h7" />,
  text: <path d="M4 6V4h12v2M10 4v12M7.5 16h5" />,
  eraser: <path d="m3 12 8-8 6 6-7 7H7ZM7 8l6 6M10 17h7" />,
  undo: <path d="M4 8h8a4.5 4.5 0 0 1 0 9H8M7 4 3 8l4 4" />,
  redo: <path d="M16 8H8a4.5 4.5 0 0 0 0 9h4M13 4l4 4-4 4" />,
};

export const Icon = ({ name }: { name: keyof typeof PATHS }) => <Picture>{PATHS[name]}</Picture>;
