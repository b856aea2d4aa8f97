/** Makes the OBProxy stand-in one executable file, as the real binary is. */
import path from 'node:path';
import { buildSync } from 'esbuild';
import { repositoryRoot } from '../../runtime/paths';

export interface StandinBinary {
  readonly version: string;
  readonly release: string;
  /** Interpreter of the first line; test hosts have this machine's node at the default place. */
  readonly node?: string;
}

const NODE_IN_TEST_HOSTS = '/opt/.sandbox/bin/node';
let bundled: string | undefined;

function bundle(): string {
  bundled ??= buildSync({
    entryPoints: [path.join(repositoryRoot(), 'sandbox/standins/obproxy/main.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node20.3',
    minifySyntax: true,
    minifyWhitespace: true,
    // As text: esbuild copies the properties of an imported object, which are 688 000 bytes here (0.6 s at each start).
    loader: { '.wasm': 'base64' },
    logLevel: 'error',
  }).outputFiles[0]?.text;
  if (bundled === undefined) throw new Error('esbuild made no bundle of the OBProxy stand-in');
  return bundled;
}

/** The text of the executable file for one version. */
export function obproxyStandin({ version, release, node = NODE_IN_TEST_HOSTS }: StandinBinary): string {
  return [
    `#!${node}`,
    '// A STAND-IN for OBProxy, made for tests and demonstrations. Not OceanBase software.',
    `globalThis.__OBPROXY_STANDIN__=${JSON.stringify({ version, release })};`,
    bundle(),
  ].join('\n');
}
