import { signal } from "@preact/signals";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Reading } from "./reading";

const noted = vi.hoisted(() => vi.fn());
vi.mock("~/shell/router", () => ({ note: noted }));

const { keepAddress } = await import("./address");

const page = { pathname: "/view/1" };
const active = signal<object | undefined>(undefined);
const reading = {
  activeContent: active,
  activeView: signal(undefined),
  layout: signal({ rows: 1, columns: 1 }),
  active: signal(0),
  cells: signal([undefined]),
  seen: () => undefined,
} as unknown as Reading;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("location", page);
  noted.mockClear();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("an address is noted once what is shown has come to rest", () => {
  page.pathname = "/view/1";
  const end = keepAddress(reading, "/view/1");
  active.value = { series: { uid: "1.2" } };
  vi.runAllTimers();
  expect(noted).toHaveBeenCalledOnce();
  expect(noted.mock.lastCall?.[0]).toMatchObject({ series: "1.2" });
  end();
});

test("it is not noted as the address of another page, which Back has gone to", () => {
  const end = keepAddress(reading, "/view/1");
  active.value = { series: { uid: "1.3" } };
  page.pathname = "/view/1/2";
  vi.runAllTimers();
  expect(noted).not.toHaveBeenCalled();
  end();
});
