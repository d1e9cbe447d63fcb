/** Sending studies to peers of the server (`filmless.viewer.sending`). */

import { askJson } from "./http";

export interface Peer {
  name: string;
  by: string;
}

export interface Sent {
  instances: number;
  waiting: number;
  failed: number;
  error: string;
}

const url = (peer: string, studies: string[]): string =>
  `/viewer/send?${new URLSearchParams([["peer", peer], ...studies.map((uid) => ["study", uid])])}`;

export const askPeers = (): Promise<Peer[]> => askJson<Peer[]>("/viewer/peers");

export const send = (peer: string, studies: string[]): Promise<{ instances: number }> =>
  askJson(url(peer, studies), { method: "POST" });

export const askSent = (peer: string, studies: string[], signal: AbortSignal): Promise<Sent> =>
  askJson<Sent>(url(peer, studies), { signal });
