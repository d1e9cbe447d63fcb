/** Files on their way into the archive: some at a time, until all are told of or somebody stops it. */

import { computed, signal } from "@preact/signals";
import { inWords } from "~/server/http";
import { type Imported, importFile } from "~/server/importing";
import type { Found } from "./files";

const AT_A_TIME = 4;
const SEVERAL: Record<Imported["status"], string> = {
  stored: "stored",
  converted: "converted and stored",
  replaced: "stored in place of another",
  identical: "there already",
  quarantined: "set aside: another instance has the same UID",
  picture: "pictures without a header",
  skipped: "skipped",
  failed: "failed",
};

export type Header = Record<string, string>;

export class Run {
  readonly results = signal<Imported[]>([]);
  readonly filesDone = signal(0);
  readonly bytesSent = signal(0);
  readonly isOver = signal(false);
  readonly files: Found[];
  readonly size: number;
  readonly counts = computed(() => {
    const counts = new Map<Imported["status"], number>();
    for (const { status } of this.results.value) counts.set(status, (counts.get(status) ?? 0) + 1);
    return counts;
  });
  private readonly stopping = new AbortController();
  private readonly sent = new Map<Found, number>();
  private next = 0;
  private pictures = 0;

  constructor(
    files: Found[],
    private readonly header: Header | undefined,
  ) {
    this.files = files;
    this.size = files.reduce((sum, one) => sum + one.file.size, 0);
  }

  async start(): Promise<void> {
    await Promise.all(Array.from({ length: AT_A_TIME }, () => this.work()));
    this.isOver.value = true;
  }

  get isStopped(): boolean {
    return this.stopping.signal.aborted;
  }

  stop(): void {
    this.stopping.abort();
  }

  private async work(): Promise<void> {
    while (!this.isStopped && this.next < this.files.length) {
      const one = this.files[this.next++]!;
      try {
        const told = await importFile(one.file, this.values(one), this.stopping.signal, (bytes) =>
          this.tell(one, bytes),
        );
        this.results.value = [...this.results.value, ...told];
      } catch (error) {
        if (this.isStopped) return;
        const { text, hint } = inWords(error);
        const reason = hint ? `${text} (${hint})` : text;
        this.results.value = [...this.results.value, { name: one.name, status: "failed", reason }];
      }
      this.tell(one, one.file.size);
      this.filesDone.value++;
    }
  }

  private tell(one: Found, bytes: number): void {
    // What is sent has some bytes around it.
    const size = Math.min(bytes, one.file.size);
    this.bytesSent.value += size - (this.sent.get(one) ?? 0);
    this.sent.set(one, size);
  }

  private values(one: Found): Record<string, string> {
    const values: Record<string, string> = { name: one.name, ...this.header };
    if (one.isPicture && values.SeriesInstanceUID) values.InstanceNumber = String(++this.pictures);
    return values;
  }

  /** In one line each: how many of what. */
  summary(): string[] {
    return [...this.counts.value].map(
      ([status, number]) => `${number.toLocaleString("en")} ${SEVERAL[status]}`,
    );
  }

  /** What became of each, as text to keep. */
  report(): string {
    const lines = this.results.value.map(({ name, status, reason }) =>
      [status, name, reason ?? ""].join("\t").trim(),
    );
    return `${this.summary().join("\n")}\n\n${lines.join("\n")}\n`;
  }
}

/** A UID that nobody else has (PS3.5 B.2). */
export function newUid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  // As of a UUID of version 4.
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return `2.25.${bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)}`;
}
