/** What volumes are called by Cornerstone, and what the slices that they are made of were. */

export const VOLUME_SCHEME = "filmless-volume";

export const volumeIdOf = (series: string): string => `${VOLUME_SCHEME}:${series}`;

/** The id of the frame that a slice is, or was made of. */
export const frameIdOf = (slice: string): string => slice.replace(/^filmless-slice:\d+\//, "");
