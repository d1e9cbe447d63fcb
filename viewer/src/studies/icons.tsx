/** Icons of the list, and of bringing in and giving away: 20 x 20, drawn in the colour of the text. */

import type { ComponentChildren } from "preact";

function Icon({ children, size = 20 }: { children: ComponentChildren; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 20 20"
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
}

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
export const NoImageIcon = () => (
  <Icon>
    <rect x="3.5" y="4.5" width="13" height="11" rx="1.5" />
    <path d="m3.5 13 3.5-3.5 3 3 2-2 4.5 4" />
  </Icon>
);
