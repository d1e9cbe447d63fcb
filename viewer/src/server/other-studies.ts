/** The other studies of a patient (`filmless.viewer.other_studies`). */

import { askJson } from "./http";

export interface OtherStudy {
  uid: string;
  modalities: string[];
  instances: number;
  PatientName?: string;
  StudyDate?: string;
  StudyTime?: string;
  StudyDescription?: string;
  AccessionNumber?: string;
}

export interface OtherStudies {
  studies: OtherStudy[];
  /** Why there can be none. */
  why?: string;
}

export const askOtherStudies = (study: string, signal?: AbortSignal): Promise<OtherStudies> =>
  askJson<OtherStudies>(`/viewer/studies/${study}/others`, { signal: signal ?? null });
