/** Gives something to the browser to be saved. */
export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has it by then, or asks where to put it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
