/** What who looks may do. Nothing is offered that the server would refuse. */

import { computed, signal } from "@preact/signals";
import { askPeers, type Peer } from "~/server/sending";
import { askSession, type Session } from "~/server/studies";
import { failed } from "~/shell/notices";

const session = signal<Session | undefined>(undefined);
/** Who studies can be sent to. */
export const peers = signal<Peer[]>([]);

/** How often it is asked how far files are looked at. */
const LOOK_MS = 1000;

let asked = false;

export function askSessionOnce(): void {
  if (asked) return;
  asked = true;
  askSession().then(
    (found) => {
      session.value = found;
      if (found.looking && !found.looking.done) setTimeout(lookOn, LOOK_MS);
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

/** Asks again until all files are looked at; what fails is said elsewhere. */
async function lookOn(): Promise<void> {
  session.value = await askSession().catch(() => session.value);
  if (session.value?.looking && !session.value.looking.done) setTimeout(lookOn, LOOK_MS);
}

export const mayImport = computed(() => session.value?.canImport ?? false);
export const mayDelete = computed(() => session.value?.canDelete ?? false);
/** Why nothing that is measured here is kept; undefined where it is, and until it is known. */
export const whyNotSaved = computed(() => {
  if (session.value?.canSave ?? true) return undefined;
  return looking.value || otherArchive.value
    ? "What is measured here is not kept: copy it, or use `filmless view --save-to DIR`, which saves it to a folder."
    : "What is measured here is not kept: copy it, or ask who runs this server to let you save.";
});
export const maySend = computed(() => mayImport.value && peers.value.length > 0);
/** Whether files are shown where they lie, and nothing comes in. */
export const looking = computed(() => session.value?.looking ?? undefined);
/** Where the archive is whose studies are shown, when it is another one. */
export const otherArchive = computed(() => session.value?.other ?? undefined);
export const dimse = computed(() => session.value?.dimse ?? undefined);
export const dicomWeb = computed(() => session.value?.dicomWeb ?? `${location.origin}/dicom-web`);
/** What films are made of here. */
export const filmType = computed(() => session.value?.films?.[0] ?? "image/webp");
