import { expect, test } from "vitest";
import { noted, queryOf, sortedBy, termsOf } from "./query";

test("a query is the same after it was in the address bar", () => {
  const query = { terms: { text: "doe ct", from: "2024-01-01" }, sort: "patient" as const, descending: true };
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(noted(query))) if (value) search.set(name, value);
  expect(queryOf(search)).toEqual(query);
});

test("a plain list leaves the address bar empty", () => {
  expect(Object.values(noted(queryOf(new URLSearchParams()))).filter(Boolean)).toEqual([]);
});

test("half a date is not sent", () => {
  const query = queryOf(new URLSearchParams("from=2024-0&to=20240131"));
  expect(termsOf(query)).toEqual({ sort: "date", order: "descending", to: "20240131" });
});

test("the same column again turns the order around", () => {
  const plain = queryOf(new URLSearchParams());
  expect(sortedBy(plain, "date").descending).toBe(false);
  expect(sortedBy(plain, "patient")).toMatchObject({ sort: "patient", descending: false });
});
