/** What the list is searched by, in the address bar, beside it, and as the server takes it. */

import type { SearchTerms } from "~/server/studies";

/** The fields by column; `text` is sought in all of them. */
export const FIELDS = [
  "text",
  "patient",
  "id",
  "from",
  "to",
  "modality",
  "description",
  "accession",
] as const;
export type Field = (typeof FIELDS)[number];
/** What says who somebody is: never part of an address. */
const PERSONAL: ReadonlySet<Field> = new Set(["text", "patient", "id", "description", "accession"]);
export type Sort = "date" | "patient" | "id" | "modality" | "description" | "accession" | "instances";

export interface Query {
  terms: Partial<Record<Field, string>>;
  sort: Sort;
  descending: boolean;
}

const SORTS = ["date", "patient", "id", "modality", "description", "accession", "instances"];
/** From which end each is begun when it is first chosen. */
const FROM_END = new Set<Sort>(["date", "instances"]);

/** The query of an address, and of what was kept beside it. */
export function queryOf(search: URLSearchParams, kept: unknown = undefined): Query {
  const terms: Query["terms"] = {};
  const beside = isKept(kept) ? kept.terms : {};
  for (const field of FIELDS) {
    const text = search.get(field) ?? beside[field];
    if (text) terms[field] = text;
  }
  const given = search.get("sort") ?? "";
  const sort = (SORTS.includes(given) ? given : "date") as Sort;
  const order = search.get("order");
  return { terms, sort, descending: order ? order === "descending" : FROM_END.has(sort) };
}

export interface Kept {
  terms: Query["terms"];
}

const isKept = (kept: unknown): kept is Kept =>
  typeof kept === "object" &&
  kept !== null &&
  "terms" in kept &&
  typeof kept.terms === "object" &&
  kept.terms !== null;

/** What of a query is kept beside the address. */
export const keptOf = (query: Query): Kept => ({
  terms: Object.fromEntries(Object.entries(query.terms).filter(([field]) => PERSONAL.has(field as Field))),
});

/** The query for the address bar: what is as it is by itself is left out, and what is of a patient. */
export function noted(query: Query): Record<string, string | undefined> {
  const isPlain = query.descending === FROM_END.has(query.sort);
  return {
    ...Object.fromEntries(
      FIELDS.map((field) => [field, (!PERSONAL.has(field) && query.terms[field]?.trim()) || undefined]),
    ),
    sort: query.sort === "date" ? undefined : query.sort,
    order: isPlain ? undefined : query.descending ? "descending" : "ascending",
  };
}

/** The query for the server. A date that is not whole yet, while it is typed, is left out. */
export function termsOf(query: Query): SearchTerms {
  const found: SearchTerms = {
    open: { sort: query.sort, order: query.descending ? "descending" : "ascending" },
    personal: {},
  };
  for (const field of FIELDS) {
    const text = query.terms[field]?.trim();
    if (!text || ((field === "from" || field === "to") && !/^\d{4}-?\d\d-?\d\d$/.test(text))) continue;
    (PERSONAL.has(field) ? found.personal : found.open)[field] = text;
  }
  return found;
}

export const isSearch = (query: Query): boolean => FIELDS.some((field) => query.terms[field]?.trim());

/** The same column again turns the order around. */
export function sortedBy(query: Query, sort: Sort): Query {
  return { ...query, sort, descending: query.sort === sort ? !query.descending : FROM_END.has(sort) };
}
