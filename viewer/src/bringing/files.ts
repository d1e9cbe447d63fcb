/** Files that were dropped or chosen, those in folders too, and what they look like. */

export interface Found {
  file: File;
  /** With the folders that it is in. */
  name: string;
  isPicture: boolean;
}

const PICTURES: [number, number[]][] = [
  [0, [0xff, 0xd8, 0xff]],
  [0, [0x89, 0x50, 0x4e, 0x47]],
  [0, [0x47, 0x49, 0x46, 0x38]],
  [0, [0x42, 0x4d]],
  [0, [0x49, 0x49, 0x2a, 0x00]],
  [0, [0x4d, 0x4d, 0x00, 0x2a]],
  [0, [0x25, 0x50, 0x44, 0x46]],
  [8, [0x57, 0x45, 0x42, 0x50]],
  [40, [0x20, 0x45, 0x4d, 0x46]],
  [4, [0x66, 0x74, 0x79, 0x70]],
  [4, [0x6a, 0x50, 0x20, 0x20]],
];

/** Whether a file that begins so is a picture, document or video that needs a header. The server has the last word. */
export function isPicture(head: Uint8Array): boolean {
  const has = (at: number, bytes: number[]) => bytes.every((byte, place) => head[at + place] === byte);
  return !has(128, [0x44, 0x49, 0x43, 0x4d]) && PICTURES.some(([at, bytes]) => has(at, bytes));
}

async function found(file: File, name: string): Promise<Found> {
  try {
    const head = new Uint8Array(await file.slice(0, 132).arrayBuffer());
    return { file, name, isPicture: isPicture(head) };
  } catch {
    return { file, name, isPicture: false }; // that it cannot be read is told when its turn comes
  }
}

/** Goes through chosen files; a folder's have their path below it. */
export const ofList = (files: Iterable<File>): Promise<Found[]> =>
  Promise.all([...files].map((file) => found(file, file.webkitRelativePath || file.name)));

/** Goes through what was dropped, folders with all that is in them. Begin it in the event: later it is empty. */
export async function ofDrop(data: DataTransfer): Promise<Found[]> {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry !== null);
  const files = [...data.files];
  if (!entries.some((entry) => entry?.isDirectory)) return ofList(files);
  const all: Promise<Found>[] = [];
  const waiting = entries.filter((entry) => entry !== undefined);
  for (let entry = waiting.pop(); entry; entry = waiting.pop()) {
    if (entry.isDirectory) waiting.push(...(await childrenOf(entry as FileSystemDirectoryEntry)));
    else all.push(ofEntry(entry as FileSystemFileEntry));
  }
  return (await Promise.all(all)).sort((one, other) =>
    one.name.localeCompare(other.name, undefined, { numeric: true }),
  );
}

const ofEntry = (entry: FileSystemFileEntry): Promise<Found> =>
  new Promise<File>((resolve, reject) => entry.file(resolve, reject)).then((file) =>
    found(file, entry.fullPath.replace(/^\//, "")),
  );

/** A browser gives a folder a hundred entries at a time. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (!some.length) return all;
    all.push(...some);
  }
}
