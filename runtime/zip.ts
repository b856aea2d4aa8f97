import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER_BYTES = 30;
/** The end record has 22 bytes and a comment of up to 64 KiB. */
const MAX_TAIL_BYTES = 22 + 0xffff;

/**
 * Writes the one entry of a ZIP file whose name passes `matches` to `target` (mode 0700), streaming. Enough for
 * Python wheels: entries stored or deflated, no ZIP64. Throws Error when there is no such entry.
 */
export async function extractZipEntry(
  file: string,
  matches: (name: string) => boolean,
  target: string,
): Promise<void> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const read = async (position: number, length: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
      return buffer.subarray(0, bytesRead);
    };
    const tail = await read(Math.max(0, size - MAX_TAIL_BYTES), Math.min(size, MAX_TAIL_BYTES));
    const end = lastIndexOf(tail, END_OF_DIRECTORY);
    if (end === undefined) throw new Error(`${file} is not a ZIP file, or it is cut short`);
    const directory = await read(tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
    const entry = entriesOf(directory).find(({ name }) => matches(name));
    if (entry === undefined) throw new Error(`${file} does not contain the expected file`);
    const local = await read(entry.headerAt, LOCAL_HEADER_BYTES);
    const start = entry.headerAt + LOCAL_HEADER_BYTES + local.readUInt16LE(26) + local.readUInt16LE(28);
    const packed = createReadStream(file, { start, end: start + entry.packedBytes - 1 });
    const output = createWriteStream(target, { mode: 0o700 });
    await (entry.deflated ? pipeline(packed, createInflateRaw(), output) : pipeline(packed, output));
  } finally {
    await handle.close();
  }
}

interface Entry {
  readonly name: string;
  readonly deflated: boolean;
  readonly packedBytes: number;
  readonly headerAt: number;
}

function entriesOf(directory: Buffer): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === DIRECTORY_ENTRY; ) {
    const nameBytes = directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameBytes),
      deflated: directory.readUInt16LE(at + 10) === 8,
      packedBytes: directory.readUInt32LE(at + 20),
      headerAt: directory.readUInt32LE(at + 42),
    });
    at += 46 + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

function lastIndexOf(buffer: Buffer, signature: number): number | undefined {
  for (let at = buffer.length - 22; at >= 0; at--) {
    if (buffer.readUInt32LE(at) === signature) return at;
  }
  return undefined;
}
