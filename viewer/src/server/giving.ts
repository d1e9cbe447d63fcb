/** What can be had of a study as a file: pictures, films, ZIPs (PS3.18 8.3.5, 10.4; `filmless.viewer.{films,exporting}`). */

import { type InstanceRef, instanceUrl, seriesUrl } from "./dicomweb";
import { ask } from "./http";
import type { Window } from "./study";

/** `center,width,function`, as the `window` of rendered resources has it. */
export function windowQuery(window: Window): string {
  const least = window.function === "LINEAR" ? 1 : Number.MIN_VALUE;
  const how = window.function.toLowerCase().replace("_", "-");
  return [window.center, Math.max(window.width, least), how].join(",");
}

interface Asked {
  accept: string;
  window?: Window | undefined;
  fps?: number;
}

function query({ accept, window, fps }: Asked): string {
  const said = new URLSearchParams({ accept });
  if (window) said.set("window", windowQuery(window));
  if (fps) said.set("fps", String(Math.min(Math.max(fps, 0.1), 120)));
  return said.toString();
}

/** A frame as the server draws it. */
export const frameUrl = (ref: InstanceRef, number: number, asked: Asked): string =>
  `${instanceUrl(ref)}/frames/${number}/rendered?${query(asked)}`;

/** All frames of an instance as a film. */
export const instanceFilmUrl = (ref: InstanceRef, asked: Asked): string =>
  `${instanceUrl(ref)}/rendered?${query(asked)}`;

/** All images of a series as one film. */
export const seriesFilmUrl = (study: string, series: string, asked: Asked): string =>
  `/viewer/studies/${study}/series/${series}/film?${query(asked)}`;

/** The files of a series as a ZIP. */
export const zipUrl = (study: string, series: string): string =>
  `${seriesUrl(study, series)}?accept=application/zip`;

/** A series, or studies, as a ZIP with a DICOMDIR. */
export const filesetUrl = (studies: string[], series?: string): string =>
  `/viewer/fileset?${new URLSearchParams([...studies.map((uid) => ["study", uid]), ...(series ? [["series", series]] : [])])}`;

export const askFile = async (url: string): Promise<Blob> => await (await ask(url)).blob();
