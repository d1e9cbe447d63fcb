/** Cornerstone, started once: rendering, tools, decoders in workers, and our own source of frames and of what is said of them. */

import * as core from "@cornerstonejs/core";
import { init as initLoader } from "@cornerstonejs/dicom-image-loader";
import * as tools from "@cornerstonejs/tools";
import { signal } from "@preact/signals";
import { PageError } from "~/server/http";
import { isOfFrame, loadFrame, SCHEME } from "./frame-loader";
import { frameMetadata } from "./frame-metadata";
import { paintStacks } from "./painted-viewport";
import { Painter } from "./painter";

const ENGINE = "filmless";
const LITTLE_ENDIAN = "1.2.840.10008.1.2.1";
// What a browser tab may keep of decoded frames; Cornerstone lets go of the ones unused for longest.
const CACHE_BYTES = 1 << 30;
// Above frames of derived images, which Cornerstone's own provider knows.
const PRIORITY = 10_000;

const NO_GRAPHICS = "images are drawn by WebGL 2, which this browser does not offer";
const GRAPHICS_HINT =
  "turn on hardware acceleration in the settings of the browser, update it, or take another one; headers and documents are shown without it";

/** Whether the browser took the graphics away: after a sleep, or for want of memory. Nothing is drawn any more. */
export const hasLostGraphics = signal(false);

const noteLoss = (): void => {
  hasLostGraphics.value = true;
};

let started: Promise<core.RenderingEngine> | undefined;

/** Starts Cornerstone; from the second call on gives what was started. */
export function startImaging(): Promise<core.RenderingEngine> {
  started ??= start();
  started.catch(() => {
    started = undefined; // the next try begins anew
  });
  return started;
}

/**
 * What was given up on purpose is no error, and why an image does not come is said in its cell: Cornerstone's cache
 * throws both once more, to nobody.
 */
function leaveUnsaid(event: PromiseRejectionEvent): void {
  const { reason } = event;
  const isGivenUp = reason instanceof DOMException && reason.name === "AbortError";
  if (isGivenUp || isOfFrame(reason)) event.preventDefault();
}

/** Has a worker of the loader begin with a pixel, so that the first image does not wait for its code. */
function wakeDecoder(): void {
  const imageFrame = { rows: 1, columns: 1, samplesPerPixel: 1, bitsAllocated: 8, pixelRepresentation: 0 };
  const options = { preScale: { enabled: false } };
  const task = {
    imageFrame,
    transferSyntax: LITTLE_ENDIAN,
    pixelData: new Uint8Array(1),
    decodeConfig: {},
    options,
  };
  core
    .getWebWorkerManager()
    .executeTask("dicomImageLoader", "decodeTask", task)
    .catch(() => {});
}

async function start(): Promise<core.RenderingEngine> {
  addEventListener("unhandledrejection", leaveUnsaid);
  // Planes and volumes share a context: each is much to hold, and browsers count them.
  core.init({ debug: { statsOverlay: false }, rendering: { webGlContextCount: 1 } });
  // Without it Cornerstone draws by itself, slowly, without overlays, and not all there is.
  if (core.getShouldUseCPURendering()) throw new PageError(NO_GRAPHICS, GRAPHICS_HINT);
  tools.init();
  initLoader({ maxWebWorkers: Math.max(1, Math.min(4, navigator.hardwareConcurrency - 1)) });
  core.cache.setMaxCacheSize(CACHE_BYTES);
  core.imageLoader.registerImageLoader(SCHEME, loadFrame);
  core.metaData.addProvider(frameMetadata, PRIORITY);
  core.eventTarget.addEventListener(core.Enums.Events.WEBGL_CONTEXT_LOST, noteLoss);
  paintStacks(new Painter(noteLoss));
  wakeDecoder();
  return new core.RenderingEngine(ENGINE);
}
