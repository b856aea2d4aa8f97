/** Makes each stand-in one executable file, as the real binary is. */
import path from 'node:path';
import { buildSync } from 'esbuild';
import { repositoryRoot } from '../../runtime/paths';
import type { Identity } from './obproxy/identity';
import type { ObserverIdentity } from './observer/edition';

/** Interpreter of the first line; test hosts have this machine's node at the default place. */
const NODE_IN_TEST_HOSTS = '/opt/.sandbox/bin/node';

export interface StandinBinary extends Identity {
  readonly node?: string;
}

const bundles = new Map<string, string>();

function bundle(main: string): string {
  const known = bundles.get(main);
  if (known !== undefined) return known;
  const text = buildSync({
    entryPoints: [path.join(repositoryRoot(), 'sandbox/standins', main)],
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
  if (text === undefined) throw new Error(`esbuild made no bundle of ${main}`);
  bundles.set(main, text);
  return text;
}

function executable(node: string, what: string, global: string, identity: object, main: string): string {
  return [
    `#!${node}`,
    `// A STAND-IN for ${what}, made for tests and demonstrations. Not OceanBase software.`,
    `globalThis.${global}=${JSON.stringify(identity)};`,
    bundle(main),
  ].join('\n');
}

/** The text of the executable file obproxy for one version. */
export function obproxyStandin({ node = NODE_IN_TEST_HOSTS, ...identity }: StandinBinary): string {
  return executable(node, 'OBProxy', '__OBPROXY_STANDIN__', identity, 'obproxy/main.ts');
}

/** The text of the executable file observer for one version of one edition. */
export function observerStandin({
  name,
  version,
  release,
  node = NODE_IN_TEST_HOSTS,
}: ObserverIdentity & { readonly node?: string }): string {
  return executable(
    node,
    'OceanBase',
    '__OBSERVER_STANDIN__',
    { name, version, release },
    'observer/main.ts',
  );
}
