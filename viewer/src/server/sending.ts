/** Sending studies, or a series, to peers of the server (`filmless.viewer.sending`). */

import { askJson } from "./http";

export interface Peer {
  name: string;
  by: string;
}

/** What is sent: studies, or one series of one. */
export interface Parcel {
  studies: string[];
  series?: string;
}

export interface Sent {
  instances: number;
  waiting: number;
  failed: number;
  error: string;
}

function url(peer: string, { studies, series }: Parcel): string {
  const query = new URLSearchParams([["peer", peer], ...studies.map((uid) => ["study", uid])]);
  if (series) query.set("series", series);
  return `/viewer/send?${query}`;
}

export const askPeers = (): Promise<Peer[]> => askJson<Peer[]>("/viewer/peers");

export const send = (peer: string, parcel: Parcel): Promise<{ instances: number }> =>
  askJson(url(peer, parcel), { method: "POST" });

export const askSent = (peer: string, parcel: Parcel, signal: AbortSignal): Promise<Sent> =>
  askJson<Sent>(url(peer, parcel), { signal });
