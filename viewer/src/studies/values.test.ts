import { expect, test } from "vitest";
import { bytes, counted, date, otherNames, personName, time } from "./values";

test("a name is family first, with what else it has after a comma", () => {
  expect(personName("DOE^JANE^M^DR^PHD")).toBe("DOE, DR JANE M PHD");
  expect(personName("Yamada^Tarou=山田^太郎=やまだ^たろう")).toBe("Yamada, Tarou");
  expect(personName("")).toBe("No name");
  expect(personName(undefined)).toBe("No name");
});

test("dates and times are read by people", () => {
  expect(date("20260131")).toBe("2026-01-31");
  expect(date("2026.01.31")).toBe("2026-01-31");
  expect(time("134502.25")).toBe("13:45");
  expect(time(undefined)).toBe("");
});

test("the other representations of a name are beside it", () => {
  expect(otherNames("Yamada^Tarou=山田^太郎=やまだ^たろう")).toBe("山田 太郎 · やまだ たろう");
  expect(personName("=山田^太郎")).toBe("山田, 太郎");
  expect(otherNames("=山田^太郎")).toBe("");
  expect(personName("^^^^")).toBe("No name");
});

test("numbers are read by people", () => {
  expect(counted(1, "study", "studies")).toBe("1 study");
  expect(counted(200000, "study", "studies")).toBe("200,000 studies");
  expect(bytes(900)).toBe("900 bytes");
  expect(bytes(1 << 20)).toBe("1 MB");
  expect(bytes(1.5 * (1 << 30))).toBe("1.5 GB");
});
