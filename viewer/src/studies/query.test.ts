import { expect, test } from "vitest";
import { keptOf, noted, queryOf, sortedBy, termsOf } from "./query";

test("a query is the same after it was in the address bar and beside it", () => {
  const query = {
    terms: { text: "doe ct", id: "42", from: "2024-01-01", modality: "CT" },
    sort: "patient" as const,
    descending: true,
  };
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(noted(query))) if (value) search.set(name, value);
  expect(search.toString()).toBe("from=2024-01-01&modality=CT&sort=patient&order=descending");
  expect(queryOf(search, keptOf(query))).toEqual(query);
});

test("what is beside an address may be anything", () => {
  for (const kept of [null, 1, "x", [], {}, { terms: null }])
    expect(queryOf(new URLSearchParams(), kept).terms).toEqual({});
});

test("what is of a patient goes to the server apart", () => {
  const query = queryOf(new URLSearchParams("text=Doe&modality=CT"));
  expect(termsOf(query).personal).toEqual({ text: "Doe" });
  expect(termsOf(query).open).toMatchObject({ modality: "CT" });
});

test("a plain list leaves the address bar empty", () => {
  expect(Object.values(noted(queryOf(new URLSearchParams()))).filter(Boolean)).toEqual([]);
});

test("half a date is not sent", () => {
  const query = queryOf(new URLSearchParams("from=2024-0&to=20240131"));
  expect(termsOf(query)).toEqual({
    open: { sort: "date", order: "descending", to: "20240131" },
    personal: {},
  });
});

test("the same column again turns the order around", () => {
  const plain = queryOf(new URLSearchParams());
  expect(sortedBy(plain, "date").descending).toBe(false);
  expect(sortedBy(plain, "patient")).toMatchObject({ sort: "patient", descending: false });
});
