const common = {
  width: 20,
  height: 20,
  viewBox: "0 0 20 20",
  fill: "none",
  stroke: "currentColor",
  "stroke-width": 1.5,
  "stroke-linejoin": "round",
  "aria-hidden": true,
} as const;

export const PlanesIcon = () => (
  <svg {...common} role="presentation">
    <path d="M3 3h6v6H3zM11 3h6v6h-6zM3 11h6v6H3zM11 11h6v6h-6z" />
  </svg>
);

export const CubeIcon = () => (
  <svg {...common} role="presentation">
    <path d="M10 2.5 17 6v8l-7 3.5L3 14V6zM3 6l7 3.5L17 6M10 9.5v8" />
  </svg>
);

export const FusionIcon = () => (
  <svg {...common} role="presentation">
    <circle cx="7.5" cy="10" r="5" />
    <circle cx="12.5" cy="10" r="5" />
  </svg>
);

export const CrosshairIcon = () => (
  <svg {...common} role="presentation">
    <path d="M10 2v6M10 12v6M2 10h6M12 10h6" />
  </svg>
);
