/** What who looks may do. Nothing is offered that the server would refuse. */

import { computed, signal } from "@preact/signals";
import { askSession, type Session } from "~/server/studies";
import { failed } from "~/shell/notices";

const session = signal<Session | undefined>(undefined);

let asked = false;

export function askSessionOnce(): void {
  if (asked) return;
  asked = true;
  askSession().then(
    (found) => {
      session.value = found;
    },
    (error) => {
      asked = false;
      failed(error);
    },
  );
}

export const mayImport = computed(() => session.value?.canImport ?? false);
export const mayDelete = computed(() => session.value?.canDelete ?? false);
