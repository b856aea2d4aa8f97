// Bundles the console (console/) for browsers: files named by their content, each compressed beside it once, so that
// the API only hands them out.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const SOURCE = 'console';
const OUTPUT = path.join('dist', 'console');
const ENTRY = 'console';
const COMPRESSED = /\.(js|css|html|svg)$/;

/** Path → contents of all files of dist/console; none where the sources are not (a part of the repository). */
export async function consoleFiles(root) {
  const files = new Map();
  if (!existsSync(path.join(root, SOURCE, 'main.tsx'))) return files;
  const bundled = await build({
    absWorkingDir: root,
    entryPoints: { [ENTRY]: path.join(SOURCE, 'main.tsx') },
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    minify: true,
    // What licences want kept stands in files beside the scripts.
    legalComments: 'linked',
    define: { 'process.env.NODE_ENV': '"production"' },
    outdir: path.join(OUTPUT, 'assets'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    logLevel: 'warning',
    write: false,
  });
  const named = (extension) => {
    const found = bundled.outputFiles.find(
      ({ path: file }) => path.basename(file).startsWith(`${ENTRY}-`) && file.endsWith(extension),
    );
    if (found === undefined) throw new Error(`The console has no ${extension} file`);
    return `/console/assets/${path.basename(found.path)}`;
  };
  for (const { path: file, contents } of bundled.outputFiles) {
    files.set(path.relative(root, file), Buffer.from(contents));
  }
  const page = readFileSync(path.join(root, SOURCE, 'index.html'), 'utf8')
    .replace('%script%', named('.js'))
    .replace('%style%', named('.css'));
  files.set(path.join(OUTPUT, 'index.html'), Buffer.from(page));
  for (const [file, contents] of [...files]) {
    if (COMPRESSED.test(file)) files.set(`${file}.gz`, gzipSync(contents, { level: 9 }));
  }
  return files;
}
