import { expect, test } from "vitest";
import { date, personName, time } from "./values";

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
