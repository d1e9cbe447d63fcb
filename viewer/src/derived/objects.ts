/** What of a study says something about its images, and what of it the user wants to see. */

import { signal } from "@preact/signals";
import type { KnownFrame } from "~/imaging/frames";
import type { Reading } from "~/reading/reading";
import { ask, askJson } from "~/server/http";
import type { ImageReference } from "~/server/measurements";
import type { Kind } from "~/server/study";
import type { State } from "./state";

export type Colour = [number, number, number];

export interface Part {
  number: number;
  label: string;
  colour: Colour;
}

export interface DerivedObject {
  kind: Kind;
  study: string;
  series: string;
  instance: string;
  label: string;
  description?: string;
  frameOfReferenceUID?: string;
  /** Series that it refers to. */
  images?: string[];
  parts: Part[];
  isFractional?: boolean;
  state?: State;
  keyImages?: ImageReference[];
  error?: string;
}

/** How an object is shown. */
export interface Look {
  isShown: boolean;
  /** 0 to 1. */
  opacity: number;
  hidden: ReadonlySet<number>;
  colours: ReadonlyMap<number, Colour>;
  /** Of a dose or a map: what is below a part of the range is not drawn. */
  from: number;
}

const FIRST: Look = { isShown: false, opacity: 0.5, hidden: new Set(), colours: new Map(), from: 0.1 };

/** The derived objects of a page. */
export class Derived {
  readonly objects = signal<DerivedObject[] | undefined>(undefined);
  /** How many there are beyond these: a study may have thousands. */
  readonly left = signal(0);
  readonly looks = signal<ReadonlyMap<string, Look>>(new Map());
  /** The presentation state that images are shown through. */
  readonly state = signal<DerivedObject | undefined>(undefined);
  /** Counts layers that have come. */
  readonly came = signal(0);

  private readonly layers = new Map<string, Layer | Promise<void>>();
  private asking = 0;

  constructor(private readonly mostBytes = MOST_BYTES) {}

  /** Asks what there is, in the studies of the page. */
  async ask(reading: Reading, abort: AbortSignal): Promise<void> {
    const asked = reading.studies.value.map(async ({ uid }) => {
      const url = `/viewer/studies/${uid}/derived`;
      return askJson<{ objects: DerivedObject[]; left: number }>(url, { signal: abort });
    });
    const found = await Promise.all(asked);
    this.left.value = found.reduce((sum, one) => sum + one.left, 0);
    this.objects.value = found.flatMap((one) => one.objects);
  }

  /** The same once more, where it was asked: something was saved. */
  async askAgain(reading: Reading): Promise<void> {
    if (this.objects.peek()) await this.ask(reading, new AbortController().signal).catch(() => {});
  }

  lookOf(object: DerivedObject): Look {
    return this.looks.value.get(object.instance) ?? FIRST;
  }

  change(object: DerivedObject, change: Partial<Look>): void {
    this.looks.value = new Map(this.looks.value).set(object.instance, { ...this.lookOf(object), ...change });
  }

  /** The layer of an object on an image or a plane; undefined until it has come, which `came` tells. */
  layerOf(object: DerivedObject, place: Place): Layer | undefined {
    const key = `${object.instance} ${place.key}`;
    const found = this.layers.get(key);
    if (found instanceof Promise) return undefined;
    if (found) {
      this.layers.delete(key);
      this.layers.set(key, found); // the one that was looked at last is let go last
      return found;
    }
    // Who scrolls fast passes images by: when one of these has come, what is looked at then is asked for.
    if (this.asking >= MOST_ASKED) return undefined;
    this.asking++;
    const asked = askLayer(object, place).then(
      (layer) => {
        this.asking--;
        this.keep(key, layer);
      },
      (error: unknown) => {
        this.asking--;
        this.layers.delete(key);
        throw error;
      },
    );
    this.layers.set(key, asked);
    asked.catch((error: unknown) => this.fail(object, error));
    return undefined;
  }

  private keep(key: string, layer: Layer): void {
    this.layers.delete(key);
    this.layers.set(key, layer);
    let bytes = [...this.layers.values()].reduce((sum, one) => sum + bytesOf(one), 0);
    for (const [old, one] of this.layers) {
      if (bytes <= this.mostBytes || this.layers.size <= FEWEST) break;
      if (one instanceof Promise) continue;
      bytes -= bytesOf(one);
      this.layers.delete(old);
    }
    this.came.value++;
  }

  private fail(object: DerivedObject, error: unknown): void {
    // Said once, beside the object: a message for each image that is scrolled past would be too many.
    const text = error instanceof Error ? error.message : "it cannot be shown";
    this.change(object, { isShown: false });
    this.objects.value = this.objects.value?.map((one) =>
      one.instance === object.instance ? { ...one, error: text } : one,
    );
  }
}

const MOST_BYTES = 256 * 2 ** 20;
/** Layers that are kept however large they are: what is seen at a time is not asked for again and again. */
const FEWEST = 16;
const BYTES_OF_A_POINT = 16;
/** Layers that are asked for at a time; a browser has six connections, and the images come by them, too. */
const MOST_ASKED = 3;

/** What a layer takes of memory, about; one on its way counts as nothing. */
export function bytesOf(layer: Layer | Promise<void>): number {
  if (layer instanceof Promise) return 0;
  if (layer.kind === "masks") return layer.masks.byteLength;
  if (layer.kind === "picture") return layer.picture.width * layer.picture.height * 4;
  if (layer.kind === "field") return layer.values.byteLength;
  const points = layer.parts.flatMap(({ contours }) => contours.map((one) => one.points.length));
  return points.reduce((sum, count) => sum + (count / 2) * BYTES_OF_A_POINT, 0);
}

/** The contours of a part; points are columns and rows, one after the other. */
export interface Contours {
  number: number;
  contours: { kind: string; points: number[] }[];
}

export type Layer =
  | { kind: "picture"; picture: ImageBitmap }
  /** Masks of parts, and what of parts has no area. */
  | { kind: "masks"; parts: number[]; masks: Uint8Array; lines: Contours[] }
  | { kind: "contours"; parts: Contours[] }
  | { kind: "field"; values: Float32Array; unit: string; range: [number, number] };

/** What a layer is asked for: an image, or a plane that is cut through a volume. */
export interface Place {
  key: string;
  /** How the server is asked: what for, and where. */
  path: "layer" | "plane" | "presented";
  query: Record<string, string>;
}

export const placeOf = ({ ref, number }: KnownFrame): Place => ({
  key: `${ref.instance} ${number}`,
  path: "layer",
  query: { series: ref.series, image: ref.instance, frame: String(number) },
});

/** The same for all of the image, as a presentation state shows it. */
export const presentedPlace = (known: KnownFrame): Place => ({ ...placeOf(known), path: "presented" });

async function askLayer(object: DerivedObject, { path, query }: Place): Promise<Layer> {
  const instance = `/viewer/studies/${object.study}/series/${object.series}/instances/${object.instance}`;
  const answer = await ask(`${instance}/${path}?${new URLSearchParams(query)}`);
  if (path === "presented") return { kind: "picture", picture: await createImageBitmap(await answer.blob()) };
  // Where a plane lies across contours, what it cuts of structures comes as masks.
  const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
  if (isJson) return { kind: "contours", ...(await answer.json()) };
  const body = await answer.arrayBuffer();
  if (object.kind === "segmentation" || object.kind === "contours") {
    const parts = (answer.headers.get("Filmless-Parts") ?? "").split(",").filter(Boolean).map(Number);
    const end = body.byteLength - Number(answer.headers.get("Filmless-Contours") ?? 0);
    const rest = new TextDecoder().decode(new Uint8Array(body, end));
    const lines = rest ? (JSON.parse(rest) as { parts: Contours[] }).parts : [];
    return { kind: "masks", parts, masks: new Uint8Array(body, 0, end), lines };
  }
  const [least = 0, most = 0] = (answer.headers.get("Filmless-Range") ?? "").split(",").map(Number);
  const unit = answer.headers.get("Filmless-Unit") ?? "";
  return { kind: "field", values: new Float32Array(body), unit, range: [least, most] };
}

const ofPages = new WeakMap<Reading, Derived>();

/** The derived objects of a page: one for all its cells and panels. */
export function derivedOf(reading: Reading): Derived {
  const found = ofPages.get(reading) ?? new Derived();
  ofPages.set(reading, found);
  return found;
}

/** Kinds that are drawn on images as layers. */
export const LAYERED: ReadonlySet<Kind> = new Set(["segmentation", "contours", "dose", "parametric-map"]);
