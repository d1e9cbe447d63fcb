/** What was done, to be undone and done again. */

import { computed, signal } from "@preact/signals";

/** A thing before and after; without one it was not there. */
export interface Change<T> {
  before?: T | undefined;
  after?: T | undefined;
}

const MOST = 500;

export class History<T> {
  private readonly past = signal<Change<T>[][]>([]);
  private readonly future = signal<Change<T>[][]>([]);
  readonly canUndo = computed(() => this.past.value.length > 0);
  readonly canRedo = computed(() => this.future.value.length > 0);

  /** Notes what was done in one step. */
  note(changes: Change<T>[]): void {
    if (!changes.length) return;
    this.past.value = [...this.past.value, changes].slice(-MOST);
    this.future.value = [];
  }

  /** Gives what has to become of each thing, last change first; nothing when all is undone. */
  undo(): Change<T>[] {
    const changes = this.past.value.at(-1);
    if (!changes) return [];
    this.past.value = this.past.value.slice(0, -1);
    this.future.value = [...this.future.value, changes];
    return changes.map(({ before, after }) => ({ before: after, after: before })).reverse();
  }

  /** Gives what has to become of each thing once more. */
  redo(): Change<T>[] {
    const changes = this.future.value.at(-1);
    if (!changes) return [];
    this.future.value = this.future.value.slice(0, -1);
    this.past.value = [...this.past.value, changes];
    return changes;
  }
}
