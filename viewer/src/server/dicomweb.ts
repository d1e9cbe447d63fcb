/** Addresses of DICOMweb (PS3.18), on the server the pages came from. */

import { askJson } from "./http";

const ROOT = "/dicom-web";

export interface InstanceRef {
  study: string;
  series: string;
  instance: string;
}

export const studyUrl = (study: string): string => `${ROOT}/studies/${study}`;
export const seriesUrl = (study: string, series: string): string => `${studyUrl(study)}/series/${series}`;
export const instanceUrl = ({ study, series, instance }: InstanceRef): string =>
  `${seriesUrl(study, series)}/instances/${instance}`;

/** An attribute of DICOM JSON (PS3.18 F.2). */
export interface Attribute {
  vr: string;
  Value?: unknown[];
  BulkDataURI?: string;
  InlineBinary?: string;
}
export type Attributes = Record<string, Attribute>;

/** The whole header of an instance. */
export async function metadata(of: InstanceRef, signal?: AbortSignal): Promise<Attributes> {
  const accept = "application/dicom+json";
  const found = await askJson<Attributes[]>(`${instanceUrl(of)}/metadata`, {
    accept,
    signal: signal ?? null,
  });
  return found[0] ?? {};
}
