const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const vm = require('node:vm');

/**
 * First line of a file of dist/start (scripts/bundleStart.mjs): what its cache must have been made of. The rest is the function
 * that require() would make of a module: to put 12 MB between two braces here would copy them at every start.
 */
const MARK = /^\/\/ [0-9a-f]{64}\n/;

/**
 * Loads a file of dist/start as require() would, with the functions that `<file>.cache` has compiled; without them, should
 * the cache be missing, of other code (V8 compares no more than lengths), or of another Node.
 *
 * @param {string} file
 */
function load(file) {
  const source = readFileSync(file, 'latin1');
  return run(file, compile(file, source, cacheOf(file, source)));
}

/** Loads the file without its cache, lets `warm` use what it exports, and answers the cache of what was compiled so far. */
async function cacheAfter(file, warm) {
  const source = readFileSync(file, 'latin1');
  const script = compile(file, source);
  await warm(run(file, script));
  return Buffer.concat([Buffer.from(MARK.exec(source)[0]), script.createCachedData()]);
}

/** Whether the cache of a file is there, of this file's code, and of this Node. */
function fits(file) {
  const source = readFileSync(file, 'latin1');
  const cache = cacheOf(file, source);
  return cache !== undefined && compile(file, source, cache).cachedDataRejected === false;
}

function cacheOf(file, source) {
  const mark = MARK.exec(source)?.[0] ?? '';
  try {
    const cache = readFileSync(`${file}.cache`);
    const fits = mark !== '' && cache.toString('latin1', 0, mark.length) === mark;
    return fits ? cache.subarray(mark.length) : undefined;
  } catch {
    return undefined;
  }
}

function compile(file, source, cachedData) {
  return new vm.Script(source, {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
}

function run(file, script) {
  const module = { exports: {}, filename: file, require: createRequire(file) };
  script.runInThisContext()(module.exports, module.require, module, file, path.dirname(file));
  return module.exports;
}

module.exports = { load, cacheAfter, fits };
