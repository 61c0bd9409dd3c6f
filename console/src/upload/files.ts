// The files that somebody dropped on the page or chose, folders with everything in them.

export interface Found {
  /** The path below the folder that was dropped, with that folder's name, such as `flight 7/DJI_0042.JPG`. */
  path: string;
  file: File;
}

/** What was found, and the paths that the browser could not read. */
export interface Findings {
  found: Found[];
  unreadable: string[];
}

/**
 * Return the files of a drop. Call it in the drop event itself: the browser forgets the items when the event ends.
 * `report` gets the number of files so far, because large folders take a while.
 */
export async function filesOfDrop(items: DataTransferItemList, report: (count: number) => void): Promise<Findings> {
  const entries: FileSystemEntry[] = [];
  for (const item of items) {
    const entry = item.kind === "file" ? item.webkitGetAsEntry() : null;
    if (entry) entries.push(entry);
  }
  const findings: Findings = { found: [], unreadable: [] };
  // A stack, not recursion, because folders may lie as deep as somebody likes.
  for (let entry = entries.pop(); entry; entry = entries.pop()) {
    try {
      if (isFolder(entry)) entries.push(...(await childrenOf(entry)));
      else findings.found.push({ path: entry.fullPath.slice(1), file: await fileOf(entry as FileSystemFileEntry) });
    } catch {
      findings.unreadable.push(entry.fullPath.slice(1));
    }
    if (findings.found.length % 200 === 0) report(findings.found.length);
  }
  return findings;
}

/** Return the files of an `<input type="file">`, with the paths of those in a chosen folder. */
export function filesOfInput(files: FileList): Findings {
  const found = Array.from(files, (file) => ({ path: file.webkitRelativePath || file.name, file }));
  return { found, unreadable: [] };
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** Everything in a folder. A reader gives a part of it at a time, at last an empty one. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return all;
    all.push(...some);
  }
}
