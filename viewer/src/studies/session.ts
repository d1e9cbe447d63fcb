/** What who looks may do. Nothing is offered that the server would refuse. */

import { computed, signal } from "@preact/signals";
import { askPeers, type Peer } from "~/server/sending";
import { askSession, type Session } from "~/server/studies";
import { failed } from "~/shell/notices";

const session = signal<Session | undefined>(undefined);
/** Who studies can be sent to. */
export const peers = signal<Peer[]>([]);

let asked = false;

export function askSessionOnce(): void {
  if (asked) return;
  asked = true;
  askSession().then(
    (found) => {
      session.value = found;
      askPeers().then((all) => {
        peers.value = all;
      }, failed);
    },
    (error) => {
      asked = false;
      failed(error);
    },
  );
}

export const mayImport = computed(() => session.value?.canImport ?? false);
export const mayDelete = computed(() => session.value?.canDelete ?? false);
export const maySend = computed(() => mayImport.value && peers.value.length > 0);
/** Whether files are shown where they lie, and nothing comes in. */
export const isShownOnly = computed(() => !!session.value?.looking);
/** Where the archive is whose studies are shown, when it is another one. */
export const otherArchive = computed(() => session.value?.other ?? undefined);
export const dimse = computed(() => session.value?.dimse ?? undefined);
export const dicomWeb = computed(() => session.value?.dicomWeb ?? `${location.origin}/dicom-web`);
/** What films are made of here. */
export const filmType = computed(() => session.value?.films?.[0] ?? "image/webp");
