/** The list as far as it is known: parts of it that were asked for, how long it is, what is chosen. */

import { computed, signal } from "@preact/signals";
import { askStudies, askStudyCounts, type StudyCounts, type StudyRow } from "~/server/studies";
import { failed } from "~/shell/notices";
import { note } from "~/shell/router";
import { keptOf, noted, type Query, queryOf, termsOf } from "./query";

/** Rows that are asked for together. */
const PART = 100;
const PAUSE_MS = 120;

type Parts = ReadonlyMap<number, StudyRow[]>;

export class StudyList {
  readonly query = signal<Query>(queryOf(new URLSearchParams(location.search), history.state));
  readonly counts = signal<StudyCounts | undefined>(undefined);
  /** Why there is no list. */
  readonly error = signal<unknown>(undefined);
  /** Whether what is shown is of an earlier query. */
  readonly isBehind = signal(true);
  readonly selected = signal<ReadonlyMap<string, StudyRow>>(new Map());
  /** The row that keys are about. */
  readonly cursor = signal(0);
  private readonly parts = signal<Parts>(new Map());
  readonly length = computed(() => {
    const first = this.parts.value.get(0);
    if (first && first.length < PART) return first.length;
    return this.counts.value?.shown ?? first?.length ?? 0;
  });

  constructor() {
    this.note(); // an address that somebody typed may have a name in it
  }

  private note(): void {
    note(noted(this.query.value), keptOf(this.query.value));
  }

  private asking = new AbortController();
  private readonly asked = new Set<number>();
  private timer = 0;

  row(index: number): StudyRow | undefined {
    return this.parts.value.get(Math.floor(index / PART))?.[index % PART];
  }

  get current(): StudyRow | undefined {
    return this.row(this.cursor.value);
  }

  /** Changes the query; what is typed waits for a moment, and what was asked before is not waited for. */
  change(query: Query, { isTyped = false } = {}): void {
    this.query.value = query;
    this.note();
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.ask(), isTyped ? PAUSE_MS : 0);
  }

  ask(): void {
    this.asking.abort();
    this.asking = new AbortController();
    const { signal: until } = this.asking;
    const terms = termsOf(this.query.value);
    this.isBehind.value = true;
    this.asked.clear();
    this.asked.add(0);
    askStudies(terms, 0, PART, until).then((rows) => {
      this.parts.value = new Map([[0, rows]]);
      this.cursor.value = 0;
      this.error.value = undefined;
      this.isBehind.value = false;
    }, this.gone(until));
    askStudyCounts(terms, until).then((counts) => {
      this.counts.value = counts;
    }, this.gone(until));
  }

  private gone(until: AbortSignal): (error: unknown) => void {
    return (error) => {
      if (until.aborted) return;
      this.error.value = error;
      this.isBehind.value = false;
    };
  }

  /** Asks for what is missing of some rows. */
  need(first: number, last: number): void {
    if (this.isBehind.value) return;
    for (let part = Math.floor(first / PART); part <= Math.floor(last / PART); part++) {
      if (this.asked.has(part) || part * PART >= this.length.value) continue;
      this.asked.add(part);
      const { signal: until } = this.asking;
      askStudies(termsOf(this.query.value), part * PART, PART, until).then(
        (rows) => {
          this.parts.value = new Map(this.parts.value).set(part, rows);
        },
        (error) => {
          this.asked.delete(part);
          if (!until.aborted) failed(error);
        },
      );
    }
  }

  /** Looks for what is new; what is in sight stays where it is. */
  async renew(first: number, last: number): Promise<void> {
    if (this.isBehind.value || this.error.value) return;
    const { signal: until } = this.asking;
    const terms = termsOf(this.query.value);
    const numbers = new Set([0]);
    for (let part = Math.floor(first / PART); part <= Math.floor(last / PART); part++) numbers.add(part);
    const known = this.current?.uid;
    try {
      const [counts, ...found] = await Promise.all([
        askStudyCounts(terms, until),
        ...[...numbers].map((part) => askStudies(terms, part * PART, PART, until)),
      ]);
      if (until.aborted) return;
      const parts = new Map([...numbers].map((part, place) => [part, found[place] ?? []]));
      this.counts.value = counts;
      if (sameRows(parts, this.parts.value)) return;
      this.asked.clear();
      for (const part of numbers) this.asked.add(part);
      this.parts.value = parts;
      this.follow(known);
    } catch {
      // The next look may be luckier; who acts is told.
    }
  }

  /** Keeps the cursor on the study that it was on. */
  private follow(uid: string | undefined): void {
    for (const [part, rows] of this.parts.value) {
      const place = rows.findIndex((row) => row.uid === uid);
      if (place >= 0) {
        this.cursor.value = part * PART + place;
        return;
      }
    }
    this.cursor.value = Math.max(0, Math.min(this.cursor.value, this.length.value - 1));
  }

  toggle(row: StudyRow): void {
    const selected = new Map(this.selected.value);
    if (!selected.delete(row.uid)) selected.set(row.uid, row);
    this.selected.value = selected;
  }

  clearSelection(): void {
    this.selected.value = new Map();
  }

  /** What an action is about: what is selected, else the row of the cursor. */
  chosen(): StudyRow[] {
    if (this.selected.value.size) return [...this.selected.value.values()];
    return this.current ? [this.current] : [];
  }

  /** Takes a study that was deleted out of what is selected. */
  forget(uid: string): void {
    const selected = new Map(this.selected.value);
    if (selected.delete(uid)) this.selected.value = selected;
  }

  close(): void {
    clearTimeout(this.timer);
    this.asking.abort();
  }
}

/** Whether nothing changed in parts that were asked for anew. */
function sameRows(fresh: Parts, known: Parts): boolean {
  return [...fresh].every(([part, rows]) => {
    const before = known.get(part);
    return (
      before?.length === rows.length &&
      rows.every((row, place) => {
        const was = before[place];
        return was?.uid === row.uid && was.instances === row.instances && was.size === row.size;
      })
    );
  });
}
