/** Pictures of buttons: lines in the colour of the text, 20 by 20. */

import type { ComponentChildren } from "preact";

interface Props {
  children: ComponentChildren;
  size?: number;
}

export const Icon = ({ children, size = 20 }: Props) => (
  <svg
    class="icon"
    viewBox="0 0 20 20"
    width={size}
    height={size}
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
export const TextIcon = make("M4 5h12M10 5v11");
export const SmoothIcon = make("M2 14c3 0 4-8 8-8s5 8 8 8");
export const LinesIcon = make("M3 5l14 10", "M3 15h3M8 15h3M13 15h3");
export const PlanesIcon = make("M3 3h6v6H3zM11 3h6v6h-6zM3 11h6v6H3zM11 11h6v6h-6z");
export const CubeIcon = make("M10 2.5 17 6v8l-7 3.5L3 14V6zM3 6l7 3.5L17 6M10 9.5v8");
export const FusionIcon = () => (
  <Icon>
    <circle cx="7.5" cy="10" r="5" />
    <circle cx="12.5" cy="10" r="5" />
  </Icon>
);
export const OpenIcon = make("M3.5 6v9.5h13V7H10L8.5 4.5h-5V6z");
export const FolderIcon = OpenIcon;

// Of the list, and of bringing in and giving away.
export const SearchIcon = () => (
  <Icon>
    <circle cx="8.5" cy="8.5" r="5" />
    <path d="m12.5 12.5 4.5 4.5" />
  </Icon>
);
export const ImportIcon = ({ size = 20 }: { size?: number }) => (
  <Icon size={size}>
    <path d="M10 3v9m-3.5-3.5L10 12l3.5-3.5M3.5 13v2A1.5 1.5 0 0 0 5 16.5h10a1.5 1.5 0 0 0 1.5-1.5v-2" />
  </Icon>
);
export const DownloadIcon = ImportIcon;
export const FilmIcon = () => (
  <Icon>
    <rect x="3.5" y="4" width="13" height="12" rx="1.5" />
    <path d="m8.5 7.5 4 2.5-4 2.5z" />
  </Icon>
);
export const SendIcon = () => (
  <Icon>
    <path d="M17 3 9 11M17 3l-5 14-3-6-6-3z" />
  </Icon>
);
export const LinkIcon = () => (
  <Icon>
    <path d="M8.5 11.5a3.2 3.2 0 0 0 4.6 0l2.8-2.8a3.25 3.25 0 0 0-4.6-4.6l-1 1M11.5 8.5a3.2 3.2 0 0 0-4.6 0l-2.8 2.8a3.25 3.25 0 0 0 4.6 4.6l1-1" />
  </Icon>
);
export const DeleteIcon = () => (
  <Icon>
    <path d="M4 5.5h12M8 5.5V4a1 1 0 0 1 1-1h2a1 1 0 0 1 1 1v1.5M5.5 5.5l.7 10a1 1 0 0 0 1 1h5.6a1 1 0 0 0 1-1l.7-10M8.5 8.5v5M11.5 8.5v5" />
  </Icon>
);
export const MoreIcon = () => (
  <Icon>
    <path d="M10 4.5v.01M10 10v.01M10 15.5v.01" stroke-width="2.2" />
  </Icon>
);
export const ThemeIcon = () => (
  <Icon>
    <circle cx="10" cy="10" r="6.5" />
    <path d="M10 3.5v13a6.5 6.5 0 0 0 0-13z" fill="currentColor" />
  </Icon>
);
export const KeysIcon = () => (
  <Icon>
    <path d="M7.5 7.7a2.5 2.5 0 1 1 3.7 2.2c-.8.45-1.2.9-1.2 1.9M10 14.6v.01" />
    <circle cx="10" cy="10" r="7.5" />
  </Icon>
);
export const CheckIcon = () => (
  <Icon size={14}>
    <path d="m4 10.5 4 4 8-9" stroke-width="2.5" />
  </Icon>
);
export const CloseIcon = () => (
  <Icon>
    <path d="m5.5 5.5 9 9m0-9-9 9" />
  </Icon>
);
export const NoImageIcon = ({ size = 20 }: { size?: number }) => (
  <Icon size={size}>
    <rect x="3.5" y="4.5" width="13" height="11" rx="1.5" />
    <path d="m3.5 13 3.5-3.5 3 3 2-2 4.5 4" />
  </Icon>
);
