import { describe, expect, it } from "vitest";
import { frameSeconds, stepped } from "./steps";

describe("steps in a video", () => {
  it("are as long as the file says a frame is shown", () => {
    expect(frameSeconds([40])).toBe(0.04);
    expect(frameSeconds([10, 30])).toBe(0.02);
    expect(frameSeconds()).toBe(0.04);
  });

  it("go to the middle of the next frame, wherever in a frame they begin", () => {
    const seconds = 1 / 30;
    expect(stepped(0, 1, seconds)).toBeCloseTo(1.5 * seconds);
    expect(stepped(1.9 * seconds, 1, seconds)).toBeCloseTo(2.5 * seconds);
    // A time that should be 3 / 30 and is a little less by the arithmetic.
    expect(stepped(0.1 - 1e-9, -1, seconds)).toBeCloseTo(2.5 * seconds);
    expect(stepped(0, -1, seconds)).toBeCloseTo(0.5 * seconds);
  });
});
