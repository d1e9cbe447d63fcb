/** The list of studies, as the server searches, sorts and counts it (`filmless.viewer.search`), and what may be done. */

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
  /** False when another archive has more than it was asked for. */
  isWhole?: boolean;
}

export interface Looking {
  files: number;
  instances: number;
  /** Files that are no DICOM, and files that cannot be shown. */
  other: number;
  failed: number;
  done: boolean;
}

/** What can be done here, by who asks (`filmless.viewer.session`). */
export interface Session {
  canImport: boolean;
  canDelete: boolean;
  /** Whether measurements are kept. */
  canSave: boolean;
  /** Given where files are only shown: how far they are looked at. */
  looking?: Looking | null;
  /** Where the archive is that is looked at, when it is another one. */
  other?: string | null;
  /** Where DICOMweb is, when not below the address of the pages. */
  dicomWeb?: string | null;
  /** By what modalities send here; null when they cannot. */
  dimse?: { aeTitle: string; port: number } | null;
  /** Media types of films, the best first. */
  films?: string[];
}

export interface SearchTerms {
  open: Record<string, string>;
  /** Of patients. */
  personal: Record<string, string>;
}

// What is of a patient is no part of the address: proxies log those.
const personal = (terms: SearchTerms): HeadersInit =>
  Object.keys(terms.personal).length
    ? { "Filmless-Values": encodeURIComponent(JSON.stringify(terms.personal)) }
    : {};

export const askStudies = (
  terms: SearchTerms,
  offset: number,
  limit: number,
  signal?: AbortSignal,
): Promise<StudyRow[]> => {
  const query = new URLSearchParams({ ...terms.open, offset: String(offset), limit: String(limit) });
  return askJson<StudyRow[]>(`/viewer/studies?${query}`, {
    signal: signal ?? null,
    headers: personal(terms),
  });
};

export const askStudyCounts = (terms: SearchTerms, signal?: AbortSignal): Promise<StudyCounts> =>
  askJson<StudyCounts>(`/viewer/study-counts?${new URLSearchParams(terms.open)}`, {
    signal: signal ?? null,
    headers: personal(terms),
  });

export const askSession = (): Promise<Session> => askJson<Session>("/viewer/session");

export const studyThumbnailUrl = (uid: string, side: number): string =>
  `${studyUrl(uid)}/thumbnail?viewport=${side},${side}`;

export async function deleteStudy(uid: string): Promise<void> {
  await ask(studyUrl(uid), { method: "DELETE" });
}
