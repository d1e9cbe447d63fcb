/** Bringing a file in, with how much of it has gone (`filmless.viewer.importing`). */

import { ServerError } from "./http";

export interface Imported {
  name: string;
  status:
    | "stored"
    | "identical"
    | "replaced"
    | "quarantined"
    | "converted"
    | "skipped"
    | "picture"
    | "failed";
  reason?: string;
  study?: string;
}

/** `fetch` does not say how much has gone: this is the one place that needs it. */
export function importFile(
  file: File,
  values: Record<string, string>,
  signal: AbortSignal,
  onSent: (bytes: number) => void,
): Promise<Imported[]> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    const end = (error: unknown) => {
      signal.removeEventListener("abort", stop);
      reject(error);
    };
    request.open("POST", "/viewer/import");
    // No part of the address: proxies log those, and this is of a patient.
    request.setRequestHeader("Filmless-Values", encodeURIComponent(JSON.stringify(values)));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = (event) => onSent(event.loaded);
    request.onabort = () => end(new DOMException("stopped", "AbortError"));
    request.onerror = () =>
      end(new ServerError("the server did not take it", 0, "can the file still be read?"));
    request.onload = () => {
      signal.removeEventListener("abort", stop);
      const answer = request.response as { results?: Imported[]; error?: string; hint?: string } | null;
      if (request.status === 200 && answer?.results) resolve(answer.results);
      else
        reject(
          new ServerError(
            answer?.error ?? `the server answered ${request.status}`,
            request.status,
            answer?.hint,
          ),
        );
    };
    if (signal.aborted) return end(new DOMException("stopped", "AbortError"));
    signal.addEventListener("abort", stop);
    request.send(file);
  });
}
