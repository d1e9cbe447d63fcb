import { expect, test, vi } from "vitest";
import type { KnownFrame } from "./frames";

vi.mock("@cornerstonejs/core", () => ({ utilities: {}, Enums: { MetadataModules: {} } }));
vi.mock("@cornerstonejs/dicom-image-loader", () => ({}));

const { clearUnused, isAsSaid } = await import("./frame-loader");

const JPEG_2000 = "1.2.840.10008.1.2.4.90";
const said = (signed: boolean, bitsStored = 16, transferSyntax = JPEG_2000) =>
  ({
    instance: { transferSyntax },
    image: { signed, bitsStored, rows: 3, columns: 4 },
  }) as unknown as KnownFrame;

/** The beginning of a JPEG 2000 codestream: SOC, and SIZ down to the depth of its samples. */
function codestream(depth: number, components = 1): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set([0xff, 0x4f, 0xff, 0x51, 0, 41]);
  const [columns, rows, offset] = [104, 103, 100];
  for (const [at, size] of [columns, rows, offset, offset].entries()) bytes[11 + 4 * at] = size;
  bytes[41] = components;
  bytes[42] = depth;
  return bytes;
}

test("a codestream of JPEG 2000 tells which samples it has", () => {
  expect(isAsSaid(codestream(0x0f), said(false))).toBe(true);
  expect(isAsSaid(codestream(0x0f), said(true))).toBe(false);
  expect(isAsSaid(codestream(0x8f), said(true))).toBe(true);
  expect(isAsSaid(codestream(0x8f), said(false))).toBe(false);
  expect(isAsSaid(codestream(0x0b), said(false, 12))).toBe(true);
  expect(isAsSaid(codestream(0x0f), said(false, 12))).toBe(false);
  expect(isAsSaid(codestream(0x07, 3), said(false, 8))).toBe(false);
});

test("a codestream of another size is not what the header says", () => {
  const stream = codestream(0x0f);
  stream[8] = 0xdd;
  expect(isAsSaid(stream, said(false))).toBe(false);
});

test("what is wrapped, or broken, the server looks at", () => {
  const jp2 = Uint8Array.of(0, 0, 0, 12, 0x6a, 0x50, 0x20, 0x20, ...codestream(0x0f));
  expect(isAsSaid(jp2, said(false))).toBe(false);
  expect(isAsSaid(new Uint8Array(), said(false))).toBe(false);
});

test("other streams do not say", () => {
  const lossless = "1.2.840.10008.1.2.4.70";
  expect(isAsSaid(new Uint8Array([0xff, 0xd8, 0xff, 0xc3]), said(true, 16, lossless))).toBe(true);
});

test("bits above the samples are cleared, or go on with the sign", () => {
  const cleared = (values: number[], bitsStored: number, signed: boolean) => {
    const samples = Uint16Array.from(values);
    clearUnused(new Uint8Array(samples.buffer), { bitsAllocated: 16, bitsStored, signed });
    return [...(signed ? new Int16Array(samples.buffer) : samples)];
  };
  expect(cleared([0xf123, 0x0fff, 0], 12, false)).toEqual([0x123, 0xfff, 0]);
  expect(cleared([0x0f23, 0xf123, 0xffff], 12, true)).toEqual([-221, 0x123, -1]);
  expect(cleared([0xf123], 16, false)).toEqual([0xf123]);
  const bytes = Uint8Array.of(0xff, 0x81);
  clearUnused(bytes, { bitsAllocated: 8, bitsStored: 7, signed: false });
  expect([...bytes]).toEqual([0x7f, 1]);
});
