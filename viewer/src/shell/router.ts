/** Where in the viewer one is: the address bar is the state, so that a link shows what its sender saw. */

import { signal } from "@preact/signals";

export interface Place {
  path: string;
  query: URLSearchParams;
}

const here = (): Place => ({ path: location.pathname, query: new URLSearchParams(location.search) });

export const place = signal<Place>(here());

addEventListener("popstate", () => {
  place.value = here();
});

/** Goes to a page; the browser's Back comes back. */
export function go(path: string, query: Record<string, string> = {}): void {
  const search = new URLSearchParams(query).toString();
  history.pushState(null, "", search ? `${path}?${search}` : path);
  place.value = here();
}

/** Says more exactly where one is, without a step for Back. */
export function note(query: Record<string, string | undefined>): void {
  const search = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) search.delete(name);
    else search.set(name, value);
  }
  const text = search.toString();
  history.replaceState(null, "", text ? `${location.pathname}?${text}` : location.pathname);
}

/** The page of a study: `/view/1.2.3`; of two that are compared: `/view/1.2.3/4.5.6`. */
export const studyPath = (...uids: string[]): string => `/view/${uids.map(encodeURIComponent).join("/")}`;

/** The studies that the page is of. */
export function studiesOf(path: string): string[] {
  const [, view, ...uids] = path.split("/");
  return view === "view" ? uids.filter(Boolean).map(decodeURIComponent) : [];
}
