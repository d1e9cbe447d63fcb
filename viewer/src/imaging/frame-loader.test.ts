import { expect, test, vi } from "vitest";

vi.mock("@cornerstonejs/core", () => ({ utilities: {} }));
vi.mock("@cornerstonejs/dicom-image-loader", () => ({}));

const { isSignedAsSaid } = await import("./frame-loader");

/** The beginning of a JPEG 2000 codestream of one component: SOC, and SIZ down to the depth of its samples. */
function codestream(depth: number): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set([0xff, 0x4f, 0xff, 0x51, 0, 41]);
  bytes[41] = 1; // components
  bytes[42] = depth;
  return bytes;
}

test("a codestream of JPEG 2000 tells whether its samples are signed", () => {
  expect(isSignedAsSaid(codestream(0x0f), false)).toBe(true);
  expect(isSignedAsSaid(codestream(0x0f), true)).toBe(false);
  expect(isSignedAsSaid(codestream(0x8f), true)).toBe(true);
  expect(isSignedAsSaid(codestream(0x8f), false)).toBe(false);
});

test("other streams do not say", () => {
  expect(isSignedAsSaid(new Uint8Array([0xff, 0xd8, 0xff, 0xc3]), true)).toBe(true);
  expect(isSignedAsSaid(new Uint8Array(), true)).toBe(true);
});
