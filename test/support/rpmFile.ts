import { createHash } from 'node:crypto';

/** Types: 4 int32, 6 string, 8 list of strings. */
type Value = { tag: number; type: 4 | 6 | 8; values: readonly (string | number)[] };

/** One header section of the RPM format. */
function section(values: readonly Value[]): Buffer {
  const index: Buffer[] = [];
  let store = Buffer.alloc(0);
  for (const { tag, type, values: list } of values) {
    if (type === 4) store = Buffer.concat([store, Buffer.alloc((4 - (store.length % 4)) % 4)]);
    const entry = Buffer.alloc(16);
    entry.writeUInt32BE(tag, 0);
    entry.writeUInt32BE(type, 4);
    entry.writeUInt32BE(store.length, 8);
    entry.writeUInt32BE(list.length, 12);
    index.push(entry);
    const data = list.map((value) => {
      if (typeof value === 'string') return Buffer.from(`${value}\0`);
      const number = Buffer.alloc(4);
      number.writeUInt32BE(value);
      return number;
    });
    store = Buffer.concat([store, ...data]);
  }
  const intro = Buffer.alloc(16);
  Buffer.from([0x8e, 0xad, 0xe8, 0x01]).copy(intro);
  intro.writeUInt32BE(index.length, 8);
  intro.writeUInt32BE(store.length, 12);
  return Buffer.concat([intro, ...index, store]);
}

const PAYLOAD = Buffer.from('payload of the package '.repeat(50));

export interface RpmFile {
  readonly payload?: Buffer;
  readonly size?: boolean;
  readonly source?: boolean;
  readonly home?: string;
  readonly name?: string;
  readonly version?: string;
  readonly release?: string;
  readonly arch?: string;
  /** Values behind the usual ones. */
  readonly more?: readonly Value[];
}

/** A file in RPM's format whose headers say what rpmbuild would never write. */
export function rpm(options: RpmFile = {}): Buffer {
  const {
    payload = PAYLOAD,
    name = 'obproxy',
    version = '1.9.1.1',
    release = '1919579.el7',
    arch = 'x86_64',
  } = options;
  const home = options.home ?? '/opt/taobao/install/obproxy-1.9.1.1';
  const header = section([
    { tag: 1000, type: 6, values: [name] },
    { tag: 1001, type: 6, values: [version] },
    { tag: 1002, type: 6, values: [release] },
    { tag: 1022, type: 6, values: [arch] },
    { tag: 1009, type: 4, values: [4096] },
    { tag: 1117, type: 8, values: ['obproxy', 'obproxy', 'README'] },
    { tag: 1118, type: 8, values: ['/usr/share/', `${home}/bin/`] },
    { tag: 1116, type: 4, values: [0, 1, 0] },
    { tag: 5092, type: 8, values: [createHash('sha256').update(payload).digest('hex')] },
    { tag: 5093, type: 4, values: [8] },
    ...(options.more ?? []),
  ]);
  const signature = section(
    options.size === false
      ? [{ tag: 269, type: 6, values: ['x'] }]
      : [{ tag: 1000, type: 4, values: [header.length + payload.length] }],
  );
  const lead = Buffer.alloc(96);
  Buffer.from([0xed, 0xab, 0xee, 0xdb, 3, 0]).copy(lead);
  lead.writeUInt16BE(options.source === true ? 1 : 0, 6);
  const padding = Buffer.alloc((8 - ((96 + signature.length) % 8)) % 8);
  return Buffer.concat([lead, signature, padding, header, payload]);
}
