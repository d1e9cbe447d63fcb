/** The list of studies, as the server searches, sorts and counts it (`filmless.viewer.search`), and who asks. */

import { studyUrl } from "./dicomweb";
import { ask, askJson } from "./http";

export interface StudyRow {
  uid: string;
  modalities: string[];
  series: number;
  instances: number;
  /** Bytes of its files. */
  size: number;
  /** Seconds since 1970. */
  received: number;
  PatientName?: string;
  PatientID?: string;
  PatientBirthDate?: string;
  PatientSex?: string;
  StudyDate?: string;
  StudyTime?: string;
  StudyDescription?: string;
  AccessionNumber?: string;
  ReferringPhysicianName?: string;
}

export interface StudyCounts {
  shown: number;
  total: number;
}

export interface Me {
  name: string;
  roles: string[];
  /** Whether all of the archive is in sight. */
  seesAll: boolean;
}

export type SearchTerms = Record<string, string>;

export const askStudies = (
  terms: SearchTerms,
  offset: number,
  limit: number,
  signal?: AbortSignal,
): Promise<StudyRow[]> => {
  const query = new URLSearchParams({ ...terms, offset: String(offset), limit: String(limit) });
  return askJson<StudyRow[]>(`/viewer/studies?${query}`, { signal: signal ?? null });
};

export const askStudyCounts = (terms: SearchTerms, signal?: AbortSignal): Promise<StudyCounts> =>
  askJson<StudyCounts>(`/viewer/study-counts?${new URLSearchParams(terms)}`, { signal: signal ?? null });

export const askMe = (): Promise<Me> => askJson<Me>("/viewer/me");

export const studyThumbnailUrl = (uid: string, side: number): string =>
  `${studyUrl(uid)}/thumbnail?viewport=${side},${side}`;

export async function deleteStudy(uid: string): Promise<void> {
  await ask(studyUrl(uid), { method: "DELETE" });
}
