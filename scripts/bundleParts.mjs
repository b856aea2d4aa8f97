// Puts the parts that `npm run test:faults` breaks into one file with its code compiled beside, dist/parts/part.js, as
// scripts/bundleStart.mjs does with `obflow`: the suite starts them again and again, and a start then costs half of the CPU.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheOf, oneFile } from './bundleStart.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const FOLDER = path.join('dist', 'parts');
const FILE = path.join(FOLDER, 'part.js');

const CODE = `
exports.run = () => require('./test/faults/part.ts');
exports.load = () => require('./cli/load.ts').load(['api', 'worker']);
`;
const START = `require('../../bin/cached').load(require('node:path').join(__dirname, 'part.js')).run();\n`;

function write(file, contents) {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, contents);
  renameSync(temporary, file);
}

process.chdir(root);
mkdirSync(FOLDER, { recursive: true });
for (const [file, contents] of await oneFile(root, FOLDER, 'part', CODE)) write(file, contents);
write(...(await cacheOf(root, FILE)));
write(path.join(FOLDER, 'main.js'), START);
