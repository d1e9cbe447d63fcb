/**
 * By the name of a cell: what is being opened in it, or was. Viewports go by the names of their cells, and enabling one
 * takes the other's away: who opens something in a cell waits until what was there before is open, and gone.
 */
export const openings = new Map<string, Promise<unknown>>();
