// Compiles the product and its sandbox to dist/ (CommonJS, file by file), then bundles the workflows, so that no
// worker pays for it at start. Types are checked apart (npm run types).
// Only files whose content changed are written, each by a rename: a build never takes a file away from a process
// that runs from dist/, and two builds at once do not disturb each other.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { consoleFiles } from './buildConsole.mjs';
import { startCaches, startFiles } from './bundleStart.mjs';

const FOLDERS = [
  'runtime',
  'operations',
  'workflows',
  'activities',
  'worker',
  'api',
  'contact',
  'hosts',
  'oceanbase',
  'store',
  'cli',
  'sandbox',
  'bench',
  'test/faults',
  'test/support',
];
/** Parts of tests that the above use, or that run as processes of their own. */
const FILES = ['test/api/harness.ts', 'test/hazards/apiProcess.ts'];
const BUNDLE_FOLDER = path.join('dist', 'workflows');
const BUNDLE = path.join(BUNDLE_FOLDER, 'bundle.js');
const STAMP = path.join(BUNDLE_FOLDER, 'bundle.stamp');
const START_FOLDER = path.join('dist', 'start');
const PARTS_FOLDER = path.join('dist', 'parts');
const START_STAMP = path.join(START_FOLDER, 'start.stamp');
/** What `obflow` is made of. */
const PRODUCT =
  /^dist.(runtime|operations|workflows|activities|worker|api|contact|hosts|oceanbase|store|cli)\b/;
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

const filesIn = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    : [];

function writeIfChanged(file, contents) {
  if (existsSync(file) && readFileSync(file).equals(contents)) return;
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, contents);
  renameSync(temporary, file);
}

const sources = [...FOLDERS.flatMap(filesIn), ...FILES.filter((file) => existsSync(file))].filter(
  (file) => !file.endsWith('.test.ts'),
);
const compiled = await build({
  absWorkingDir: root,
  entryPoints: sources.filter((file) => file.endsWith('.ts')),
  outdir: 'dist',
  outbase: '.',
  format: 'cjs',
  platform: 'node',
  target: 'node20.3',
  sourcemap: true,
  logLevel: 'warning',
  write: false,
  // import() becomes a delayed require: Node would want file extensions in a real one.
  supported: { 'dynamic-import': false },
});
const outputs = new Map(
  compiled.outputFiles.map((file) => [path.relative(root, file.path), Buffer.from(file.contents)]),
);
for (const asset of sources.filter((file) => !/\.(ts|md)$/.test(file))) {
  outputs.set(path.join('dist', asset), readFileSync(asset));
}
for (const [file, contents] of await consoleFiles(root)) outputs.set(file, contents);
for (const [file, contents] of outputs) writeIfChanged(file, contents);
for (const file of filesIn('dist')) {
  const bundled =
    path.basename(file).startsWith('bundle.') || [START_FOLDER, PARTS_FOLDER].includes(path.dirname(file));
  const ours = outputs.has(file) || file.endsWith('.tmp') || bundled;
  if (!ours) rmSync(file, { force: true });
}

/** Whether what a bundle is made of, and `more`, is what it was made of last; and how to say that it has been made anew. */
function unchanged(stampFile, made, room, ...more) {
  const hash = createHash('sha256').update(readFileSync('package-lock.json'));
  for (const file of [...outputs.keys()].sort()) {
    if (room.test(file)) hash.update(file).update(outputs.get(file));
  }
  for (const part of more) hash.update(part);
  const wanted = hash.digest('hex');
  return {
    fresh: existsSync(made) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted,
    note: () => writeIfChanged(stampFile, Buffer.from(wanted)),
  };
}

// The bundle holds workflow code and a part of the SDK: nothing changed, nothing to bundle.
const workflows = unchanged(STAMP, BUNDLE, /^dist.(workflows|worker|operations|runtime|oceanbase)\b/);
if (!workflows.fresh) {
  await createRequire(import.meta.url)(path.join(root, 'dist/worker/bundle.js')).writeWorkflowBundle();
  workflows.note();
}

const scripts = ['scripts/bundleStart.mjs', 'bin/cached.js'].filter((file) => existsSync(file));
const start = unchanged(
  START_STAMP,
  path.join(START_FOLDER, 'obflow.js'),
  PRODUCT,
  process.version,
  ...scripts.map((file) => readFileSync(file)),
);
if (!start.fresh && outputs.has(path.join('dist', 'cli', 'main.js'))) {
  for (const [file, contents] of await startFiles(root)) writeIfChanged(file, contents);
  for (const [file, contents] of await startCaches(root)) writeIfChanged(file, contents);
  start.note();
}
