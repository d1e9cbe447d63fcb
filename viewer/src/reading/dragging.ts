/** The type by which a series that is dragged is known; its data is the UID of the series. */
export const SERIES_DRAG = "application/x-filmless-series";
