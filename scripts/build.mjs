// Compiles the product and its sandbox to dist/ (CommonJS, file by file), then bundles the workflows, so that no
// worker pays for it at start. Types are checked apart (npm run types).
import { readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const FOLDERS = [
  'runtime',
  'operations',
  'workflows',
  'activities',
  'worker',
  'api',
  'hosts',
  'oceanbase',
  'inventory',
  'cli',
  'sandbox',
  'bench',
];
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

const sources = FOLDERS.flatMap((folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name)),
);
rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: sources,
  outdir: 'dist',
  outbase: '.',
  format: 'cjs',
  platform: 'node',
  target: 'node20.3',
  sourcemap: true,
  logLevel: 'warning',
  supported: { 'dynamic-import': true },
});
await createRequire(import.meta.url)(path.join(root, 'dist/worker/bundle.js')).writeWorkflowBundle();
