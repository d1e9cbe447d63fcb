/** The address of the page: which series, image and window the active cell shows, read at the start and kept. */

import { effect } from "@preact/signals";
import type { Window } from "~/server/study";
import { note } from "~/shell/router";
import type { StackView } from "~/viewport/view";
import type { Choice } from "~/viewport/windows";
import type { Content, Layout, Reading } from "./reading";

/** What an address asks for; undefined when it names no series of the page. */
export function asked(reading: Reading, query: URLSearchParams): Content | undefined {
  const content = reading.contentOf(query.get("series") ?? "");
  const image = Number(query.get("image"));
  return content && (image >= 1 ? { ...content, image: Math.floor(image) } : content);
}

/**
 * The window that an address asks for: `center,width`, with `,SIGMOID` or `,LINEAR_EXACT` behind it where that matters.
 * Below a width of 1 there is no LINEAR.
 */
export function askedWindow(query: URLSearchParams): Choice | undefined {
  const [center = "", width = "", said] = (query.get("window") ?? "").split(",");
  const plain = Number(width) < 1 ? "LINEAR_EXACT" : "LINEAR";
  const how = said === "SIGMOID" || said === "LINEAR_EXACT" ? said : plain;
  if (!center || !(Number(width) > 0) || !Number.isFinite(Number(center))) return undefined;
  return { kind: "set", window: { center: Number(center), width: Number(width), function: how, name: "" } };
}

function windowText(view: StackView): string | undefined {
  const choice = view.choice.value;
  return choice.kind === "set" ? inWords(choice.window) : undefined;
}

function inWords({ center, width, function: how }: Window): string {
  const numbers = [center, width].map((value) => String(Number(value.toPrecision(9))));
  return [...numbers, ...(how === "LINEAR" ? [] : [how])].join(",");
}

/** A link to what the active cell shows: series, image, and the window unless it is the file's first. */
export function linkOf(reading: Reading): string {
  const link = new URL(location.href);
  const [content, view] = [reading.activeContent.peek(), reading.activeView.peek()];
  for (const name of ["series", "image", "window"]) link.searchParams.delete(name);
  if (!content) return link.href;
  link.searchParams.set("series", content.series.uid);
  if (!view) return link.href;
  link.searchParams.set("image", String(view.wanted.peek() + 1));
  const [choice, window] = [view.choice.peek(), view.window.peek()];
  const isOwn = choice.kind === "file" && choice.number === 0;
  if (!isOwn && window && view.known?.image.photometricInterpretation !== "RGB")
    link.searchParams.set("window", inWords(window));
  return link.href;
}

/** How the screen is divided, and what lies where: kept beside the address, for when the page is loaded anew. */
interface Screen {
  layout: Layout;
  active: number;
  cells: (Kept | null)[];
}

/** What a cell shows, with UIDs in the place of series. */
type Kept = Omit<Content, "study" | "series" | "fused"> & { series: string; fused?: string };

function screenOf(reading: Reading): Screen {
  const cells = reading.cells.value.map((_, index) => {
    const content = reading.seen(index);
    if (!content) return null;
    const { study: _study, series, fused, ...rest } = content;
    return { ...rest, series: series.uid, ...(fused && { fused: fused.uid }) };
  });
  return { layout: reading.layout.value, active: reading.active.value, cells };
}

/** Divides the screen as it was when the page was left; false when it never was, or when what was there has gone. */
export function restoreScreen(reading: Reading): boolean {
  const { screen } = (history.state ?? {}) as { screen?: Screen };
  const cells = screen?.cells.map((kept) => kept && contentAsKept(reading, kept));
  if (!screen || !cells?.some(Boolean) || cells.includes(undefined)) return false;
  reading.divide(
    screen.layout,
    cells.map((content) => content ?? undefined),
  );
  reading.active.value = screen.active;
  return true;
}

function contentAsKept(reading: Reading, { series, fused, ...rest }: Kept): Content | undefined {
  const content = reading.contentOf(series);
  const above = fused === undefined ? undefined : reading.contentOf(fused)?.series;
  if (!content || (fused !== undefined && !above)) return undefined;
  return { ...content, ...rest, ...(above && { fused: above }) };
}

/** Keeps the address of the page at a path, and the screen beside it, until the returned function is called. */
export function keepAddress(reading: Reading, path: string): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = effect(() => {
    const series = reading.activeContent.value?.series.uid;
    const view = reading.activeView.value;
    const image = view && String(view.wanted.value + 1);
    const query = { series, image, window: view && windowText(view) };
    const screen = screenOf(reading);
    clearTimeout(timer);
    // Browsers refuse hundreds of changes a second. After Back the address is that of another page before this one goes.
    timer = setTimeout(() => location.pathname === path && note(query, { screen }), 300);
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}
