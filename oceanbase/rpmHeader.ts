/**
 * Reads what an RPM file says about itself: lead, signature header, main header (RPM v3/v4 file format). Only the
 * headers are held in memory, bounded, so a file that claims absurd sizes costs nothing; the payload is read as a
 * stream when its digest is to be compared.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { SaidError } from '../runtime/errors';
import { say } from '../runtime/messages/catalogue';

/** Thrown by readRpmHeader when a file is no RPM, is cut short or is damaged; the text names which. */
export class BadRpmError extends SaidError {}

export interface RpmHeader {
  readonly name: string;
  readonly version: string;
  /** With dist tag, e.g. `1919579.el7`. */
  readonly release: string;
  readonly arch: string;
  /** Bytes of the file. */
  readonly fileSize: number;
  /** Bytes of the files once installed; 0 when the header does not say. */
  readonly installedSize: number;
  /** Directory that holds bin/obproxy or bin/observer in the package; undefined for other packages. */
  readonly home: string | undefined;
}

const LEAD_BYTES = 96;
const LEAD_MAGIC = Buffer.from([0xed, 0xab, 0xee, 0xdb]);
const HEADER_MAGIC = Buffer.from([0x8e, 0xad, 0xe8, 0x01]);
const INTRO_BYTES = 16;
const ENTRY_BYTES = 16;
const MAX_ENTRIES = 65_535;
const MAX_STORE_BYTES = 32 * 1024 * 1024;
const MAX_FILES = 200_000;
/** What requests may say, too (operations/createObproxyClusterBody.ts). */
const MAX_PATH = 255;

const TAG = {
  signatureLongSize: 270,
  signatureSize: 1000,
  name: 1000,
  version: 1001,
  release: 1002,
  size: 1009,
  arch: 1022,
  dirIndexes: 1116,
  baseNames: 1117,
  dirNames: 1118,
  longSize: 5009,
  payloadDigest: 5092,
  payloadDigestAlgorithm: 5093,
} as const;
const TYPE = { int32: 4, int64: 5, string: 6, stringArray: 8, i18nString: 9 } as const;
/** OpenPGP's number of SHA-256. */
const SHA256 = 8;
const PROGRAMS: ReadonlySet<string> = new Set(['obproxy', 'observer']);
const SAFE_HOME = /^(?:\/[A-Za-z0-9_][A-Za-z0-9._+-]*)+$/;

interface Entry {
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

interface Section {
  readonly entries: ReadonlyMap<number, Entry>;
  readonly store: Buffer;
  /** Offset in the file right behind the section, without padding. */
  readonly end: number;
}

async function bytes(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, offset);
  if (bytesRead < length) throw new BadRpmError(say('rpmFile.short'));
  return buffer;
}

async function section(file: FileHandle, offset: number, fileSize: number, what: string): Promise<Section> {
  const intro = await bytes(file, offset, INTRO_BYTES);
  if (!intro.subarray(0, 4).equals(HEADER_MAGIC)) throw new BadRpmError(say('rpmFile.damaged', { what }));
  const count = intro.readUInt32BE(8);
  const storeBytes = intro.readUInt32BE(12);
  if (count === 0 || count > MAX_ENTRIES || storeBytes > MAX_STORE_BYTES) {
    throw new BadRpmError(say('rpmFile.absurd', { what }));
  }
  const storeAt = offset + INTRO_BYTES + count * ENTRY_BYTES;
  const end = storeAt + storeBytes;
  if (end > fileSize) throw new BadRpmError(say('rpmFile.short'));
  const index = await bytes(file, offset + INTRO_BYTES, count * ENTRY_BYTES);
  const store = await bytes(file, storeAt, storeBytes);
  const entries = new Map<number, Entry>();
  for (let at = 0; at < index.length; at += ENTRY_BYTES) {
    entries.set(index.readUInt32BE(at), {
      type: index.readUInt32BE(at + 4),
      offset: index.readUInt32BE(at + 8),
      count: index.readUInt32BE(at + 12),
    });
  }
  return { entries, store, end };
}

/** Strings of an entry, or [] when the tag is absent or of another type. */
function strings(from: Section, tag: number): string[] {
  const entry = from.entries.get(tag);
  if (entry === undefined) return [];
  const textual: readonly number[] = [TYPE.string, TYPE.stringArray, TYPE.i18nString];
  if (!textual.includes(entry.type)) return [];
  const count = entry.type === TYPE.string ? 1 : entry.count;
  if (count > MAX_FILES) throw new BadRpmError(say('rpmFile.absurdFiles'));
  const found: string[] = [];
  let at = entry.offset;
  for (let i = 0; i < count; i += 1) {
    const end = from.store.indexOf(0, at);
    if (at >= from.store.length || end < 0) throw new BadRpmError(say('rpmFile.header'));
    found.push(from.store.toString('utf8', at, end));
    at = end + 1;
  }
  return found;
}

/** Numbers of an entry, or [] when the tag is absent or of another type. */
function numbers(from: Section, tag: number): number[] {
  const entry = from.entries.get(tag);
  if (entry === undefined || (entry.type !== TYPE.int32 && entry.type !== TYPE.int64)) return [];
  const width = entry.type === TYPE.int32 ? 4 : 8;
  if (entry.count > MAX_FILES) throw new BadRpmError(say('rpmFile.absurdFiles'));
  if (entry.offset + entry.count * width > from.store.length) throw new BadRpmError(say('rpmFile.header'));
  return Array.from({ length: entry.count }, (_, i) => {
    const at = entry.offset + i * width;
    return width === 4 ? from.store.readUInt32BE(at) : Number(from.store.readBigUInt64BE(at));
  });
}

function required(from: Section, tag: number, what: string): string {
  const value = strings(from, tag)[0];
  if (value === undefined || value === '') throw new BadRpmError(say('rpmFile.lacks', { what }));
  return value;
}

/** The directory D for which the package holds D/bin/<program>; undefined when there is none, or it is no plain path. */
function homeOf(header: Section): string | undefined {
  const directories = strings(header, TAG.dirNames);
  const indexes = numbers(header, TAG.dirIndexes);
  const candidates = strings(header, TAG.baseNames).flatMap((base, i) => {
    const directory = directories[indexes[i] ?? -1];
    return PROGRAMS.has(base) && directory?.endsWith('/bin/') ? [directory.slice(0, -'/bin/'.length)] : [];
  });
  return candidates.find((path) => path.length <= MAX_PATH && SAFE_HOME.test(path));
}

async function payloadDigest(path: string, start: number): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { start })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/**
 * Reads and checks the file at `path`: magic numbers, bounds, the size that the signature header announces, and
 * the SHA-256 of the payload where the package carries one.
 * @throws BadRpmError when it is no RPM, is cut short, has something appended, or is damaged.
 */
export async function readRpmHeader(path: string): Promise<RpmHeader> {
  const file = await open(path, 'r');
  try {
    const { size: fileSize } = await file.stat();
    if (fileSize < LEAD_BYTES) throw new BadRpmError(say('rpmFile.none'));
    const lead = await bytes(file, 0, LEAD_BYTES);
    if (!lead.subarray(0, 4).equals(LEAD_MAGIC)) throw new BadRpmError(say('rpmFile.none'));
    // Type 0 = binary, 1 = source.
    if (lead.readUInt16BE(6) !== 0) throw new BadRpmError(say('rpmFile.source'));
    const signature = await section(file, LEAD_BYTES, fileSize, 'signature header');
    const headerAt = Math.ceil(signature.end / 8) * 8;
    const header = await section(file, headerAt, fileSize, 'header');
    const announced =
      numbers(signature, TAG.signatureLongSize)[0] ?? numbers(signature, TAG.signatureSize)[0];
    const digest = strings(header, TAG.payloadDigest)[0];
    if (announced === undefined && digest === undefined) {
      throw new BadRpmError(say('rpmFile.noDigest'));
    }
    const actual = fileSize - headerAt;
    if (announced !== undefined && announced !== actual) {
      throw new BadRpmError(
        announced > actual
          ? say('rpmFile.shortBy', { size: fileSize, wanted: headerAt + announced })
          : say('rpmFile.longBy', { actual: actual - announced }),
      );
    }
    if (digest !== undefined && (numbers(header, TAG.payloadDigestAlgorithm)[0] ?? SHA256) === SHA256) {
      if ((await payloadDigest(path, header.end)) !== digest.toLowerCase()) {
        throw new BadRpmError(say('rpmFile.payload'));
      }
    }
    return {
      name: required(header, TAG.name, 'name'),
      version: required(header, TAG.version, 'version'),
      release: required(header, TAG.release, 'release'),
      arch: required(header, TAG.arch, 'architecture'),
      fileSize,
      installedSize: numbers(header, TAG.longSize)[0] ?? numbers(header, TAG.size)[0] ?? 0,
      home: homeOf(header),
    };
  } finally {
    await file.close();
  }
}
