/** Where in the viewer one is: the address bar is the state, so that a link shows what its sender saw. */

import { signal } from "@preact/signals";

export interface Place {
  path: string;
  query: URLSearchParams;
}

const here = (): Place => ({ path: location.pathname, query: new URLSearchParams(location.search) });

export const place = signal<Place>(here());

/** The address as it was last noted, and what is kept with it: when Back was pressed, the browser has forgotten it. */
let latest = { url: location.pathname + location.search, kept: history.state as unknown };

/** Asks whether a page may be left. */
type Guard = () => Promise<boolean>;

let guard: Guard | undefined;

/** Lets a page ask before it is left: by a click, by Back, and, in the browser's own words, by closing it. */
export function guardLeaving(ask: Guard): () => void {
  guard = ask;
  addEventListener("beforeunload", warn);
  return () => {
    if (guard !== ask) return;
    guard = undefined;
    removeEventListener("beforeunload", warn);
  };
}

const warn = (event: BeforeUnloadEvent): void => event.preventDefault();

addEventListener("popstate", () => {
  const there = here();
  if (!guard || there.path === place.value.path) {
    arrive();
    return;
  }
  // The browser has gone already: it comes back until there is an answer.
  const url = location.pathname + location.search;
  history.pushState(latest.kept, "", latest.url);
  ifAllowed(() => move(url));
});

/** Goes to a page; the browser's Back comes back. */
export function go(path: string, query: Record<string, string> = {}): void {
  const search = new URLSearchParams(query).toString();
  const url = search ? `${path}?${search}` : path;
  if (guard) ifAllowed(() => move(url));
  else move(url);
}

function ifAllowed(leave: () => void): void {
  guard?.().then((allowed) => {
    if (allowed) leave();
  });
}

function move(url: string): void {
  history.pushState(null, "", url);
  arrive();
}

function arrive(): void {
  latest = { url: location.pathname + location.search, kept: history.state };
  place.value = here();
}

/**
 * Says more exactly where one is, without a step for Back. What is of a patient goes into `kept`: Back and a new load
 * find it, and no address has it, which browsers remember, people pass on and proxies log.
 */
export function note(query: Record<string, string | undefined>, kept: unknown = history.state): void {
  const search = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) search.delete(name);
    else search.set(name, value);
  }
  const text = search.toString();
  latest = { url: text ? `${location.pathname}?${text}` : location.pathname, kept };
  history.replaceState(kept, "", latest.url);
}

/** The page of a study: `/view/1.2.3`; of two that are compared: `/view/1.2.3/4.5.6`. */
export const studyPath = (...uids: string[]): string => `/view/${uids.map(encodeURIComponent).join("/")}`;

/** The studies that the page is of: one that is named twice is not compared with itself. */
export function studiesOf(path: string): string[] {
  const [, view, ...uids] = path.split("/");
  return view === "view" ? [...new Set(uids.filter(Boolean).map(decoded))] : [];
}

/** A part of an address as text; one that was cut off in the midst of a letter as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
