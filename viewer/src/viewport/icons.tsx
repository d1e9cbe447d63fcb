/** Pictures of the buttons of images: lines in the colour of the text, 20 by 20. */

import type { ComponentChildren } from "preact";

const Icon = ({ children }: { children: ComponentChildren }) => (
  <svg
    class="icon"
    viewBox="0 0 20 20"
    width="20"
    height="20"
    fill="none"
    stroke="currentColor"
    stroke-width="1.5"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    {children}
  </svg>
);

const make =
  (...paths: string[]) =>
  () => (
    <Icon>
      {paths.map((path) => (
        <path key={path} d={path} />
      ))}
    </Icon>
  );

export const WindowIcon = () => (
  <Icon>
    <circle cx="10" cy="10" r="7" />
    <path d="M10 3a7 7 0 0 1 0 14z" fill="currentColor" />
  </Icon>
);
export const PanIcon = make(
  "M10 2v16M2 10h16",
  "M7.5 4.5 10 2l2.5 2.5M7.5 15.5 10 18l2.5-2.5M4.5 7.5 2 10l2.5 2.5M15.5 7.5 18 10l-2.5 2.5",
);
export const ZoomIcon = make(
  "M13 8.5a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0zM12 12l5 5",
  "M8.5 6.5v4M6.5 8.5h4",
);
export const ScrollIcon = make("M4 4h12M4 8h12M4 12h12", "M7.5 15.5 10 18l2.5-2.5");
export const MagnifyIcon = make("M14 8.5a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0zM12.5 12.5 17 17");
export const CrosshairIcon = make("M10 2v5M10 13v5M2 10h5M13 10h5");
export const InvertIcon = make("M3 3h14v14H3z", "M3 17 17 3", "M11 17h6v-6z");
export const FlipAcrossIcon = make("M10 2v16", "M7 6 3 14h4zM13 6l4 8h-4z");
export const FlipDownIcon = make("M2 10h16", "M6 7l8-4v4zM6 13l8 4v-4z");
export const RotateIcon = make("M16 10a6 6 0 1 1-2-4.5", "M14 2v4h-4");
export const FitIcon = make("M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4");
export const ResetIcon = make("M4 10a6 6 0 1 0 2-4.5", "M6 2v4h4");
export const LayoutIcon = make("M3 3h14v14H3zM10 3v14M3 10h14");
export const PlayIcon = make("M6 4l10 6-10 6z");
export const PauseIcon = make("M7 4v12M13 4v12");
export const LinkIcon = make("M8 12l4-4", "M9 6l2-2a3.5 3.5 0 0 1 5 5l-2 2M11 14l-2 2a3.5 3.5 0 0 1-5-5l2-2");
export const TextIcon = make("M4 5h12M10 5v11");
export const SmoothIcon = make("M2 14c3 0 4-8 8-8s5 8 8 8");
export const LinesIcon = make("M3 5l14 10", "M3 15h3M8 15h3M13 15h3");
