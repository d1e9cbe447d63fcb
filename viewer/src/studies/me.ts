/** Who looks, and what they may do. Nothing is offered that the server would refuse. */

import { computed, signal } from "@preact/signals";
import { askMe, type Me } from "~/server/studies";
import { failed } from "~/shell/notices";

export const me = signal<Me | undefined>(undefined);

let asked = false;

export function askWhoLooks(): void {
  if (asked) return;
  asked = true;
  askMe().then(
    (found) => {
      me.value = found;
    },
    (error) => {
      asked = false;
      failed(error);
    },
  );
}

const may = (role: string) => computed(() => me.value?.roles.includes(role) ?? false);

export const mayWrite = may("write");
export const mayDelete = may("delete");
