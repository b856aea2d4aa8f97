// Puts what `obflow` is made of into one file, dist/start/obflow.js, and the thread of the workflows into another: a start
// reads two files instead of 1 800. What a start runs of them is kept compiled beside them (`<file>.cache`), for the Node of
// the build only; bin/cached.js compiles anew for another. Native modules, and what only a bundling of workflows needs, stay
// in node_modules/.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import { build } from 'esbuild';

const run = promisify(execFile);
const FOLDER = path.join('dist', 'start');
const MAIN = 'obflow';
const THREAD = 'workflowThread';
const NAMES = [MAIN, THREAD];

/** Loads its program when told to: so a build can load all of it without running it. */
const MAIN_CODE = `
exports.run = () => require('./cli/main.ts');
exports.load = () => require('./cli/load.ts').load(['api', 'worker']);
`;
const THREAD_CODE = `
exports.run = () => require('@temporalio/worker/lib/workflow/workflow-worker-thread.js');
exports.load = () => {
  require('@temporalio/worker/lib/workflow/reusable-vm.js');
};
`;

/** Webpack and its friends, 0.3 s to load, needed where workflows are bundled: as a module that loads them when asked. */
const BUNDLER = '@temporalio/worker/lib/workflow/bundler';
/** What a worker asks of it although its workflows are bundled already, to be told without loading them. */
const TOLD = {
  defaultWorkflowInterceptorModules: "[require.resolve('@temporalio/worker/lib/workflow-log-interceptor')]",
};

/**
 * The files of dist/start and their contents, the caches apart.
 *
 * @param {string} root folder of the project
 * @returns {Promise<[string, Buffer][]>}
 */
export async function startFiles(root) {
  const bundled = await Promise.all([
    oneFile(root, FOLDER, MAIN, MAIN_CODE),
    oneFile(root, FOLDER, THREAD, THREAD_CODE),
  ]);
  return [...bundled.flat(), [path.join(FOLDER, 'workflow-worker-thread.js'), Buffer.from(THREAD_START)]];
}

/**
 * The caches of files of dist/start that have been written.
 *
 * @param {string} root folder of the project
 * @returns {Promise<[string, Buffer][]>}
 */
export async function startCaches(root) {
  return Promise.all(NAMES.map((name) => cacheOf(root, path.join(FOLDER, `${name}.js`))));
}

/**
 * The cache of a bundled file that has been written.
 *
 * @param {string} root folder of the project
 * @param {string} file below it
 * @returns {Promise<[string, Buffer]>}
 */
export async function cacheOf(root, file) {
  const program = ['-e', CACHE, path.join(root, 'bin/cached.js'), path.join(root, file)];
  const { stdout } = await run(process.execPath, program, { encoding: 'buffer', maxBuffer: 64 * 1024 ** 2 });
  return [`${file}.cache`, stdout];
}

/** In a process of its own: what has been compiled for other purposes must not be part of it. */
const CACHE = `
const [cached, file] = process.argv.slice(1);
require(cached).cacheAfter(file, (program) => program.load()).then((cache) => {
  require('node:fs').writeSync(1, cache);
  process.exit(0);
});`;

const THREAD_START = `require('../../bin/cached').load(require('node:path').join(__dirname, 'workflowThread.js')).run();\n`;

/**
 * A program in one file, and the licenses of what is in it.
 *
 * @param {string} root folder of the project
 * @param {string} folder where the file is to be, two below it
 * @param {string} name of the file, without its ending
 * @param {string} contents what is bundled; exports `run` and `load`
 * @returns {Promise<[string, Buffer][]>}
 */
export async function oneFile(root, folder, name, contents) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: { contents, resolveDir: root, sourcefile: `${name}.js` },
    outfile: path.join(folder, `${name}.js`),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20.3',
    // One byte a character: V8 keeps Latin-1 in half the space, and the file is read without decoding.
    charset: 'ascii',
    legalComments: 'external',
    supported: { 'dynamic-import': false },
    external: ['libsql', 'cpu-features', 'pg-native', 'swagger-ui-dist', BUNDLER],
    banner: { js: BANNER },
    plugins: [inItsPlace(root)],
    logLevel: 'error',
    write: false,
  });
  return outputFiles.map((file) => {
    const made = path.relative(root, file.path);
    if (!file.path.endsWith('.js')) return [made, Buffer.from(file.contents)];
    const contents = `(function (exports, require, module, __filename, __dirname) {${file.text}\n})`;
    const mark = createHash('sha256').update(contents).digest('hex');
    return [made, Buffer.from(`// ${mark}\n${contents}`, 'latin1')];
  });
}

/** What stands for \`__dirname\` in a file of ours, and in one of a package. */
const BANNER = `
const __room = (room) => require('node:path').join(__dirname, '..', room);
const __thread = __room('start/workflow-worker-thread.js');
const __inPackage = (name, folder) =>
  require('node:path').join(require('node:path').dirname(require.resolve(name + '/package.json')), folder);
`.trim();

/** Code that makes the value of its JSON text: read faster, and compiled smaller, than the literal that it is as well. */
const parsed = (json) => `JSON.parse(${JSON.stringify(JSON.stringify(json))})`;

/** The messages of Temporal and of the SDK's native half: a call with a literal of 1.4 MB. */
const PROTO = /@temporalio.proto.protos.json-module\.js$/;

/** The same without those of Temporal's cloud service, a quarter, which obflow never speaks. */
function lessProto(code) {
  const [head, literal, tail] = code.split(/(?<=\.addJSON\()|(?=\);\s*\/\*\*|\);\s*module\.exports)/);
  if (tail === undefined) throw new Error("The messages of Temporal's SDK are written in another way now");
  const messages = new Function(`return ${literal};`)();
  delete messages.temporal.nested.api.nested.cloud;
  return `${head}${parsed(messages)}${tail}`;
}

/** Files that look for others beside them find them where they were before they were bundled. */
function inItsPlace(root) {
  // node_modules may be a link to a folder elsewhere.
  const isOurs = (file) =>
    file.startsWith(root + path.sep) && !file.slice(root.length).includes('node_modules');
  const inPackage = (file) => {
    const parts = file.slice(file.lastIndexOf(`node_modules${path.sep}`) + 13).split(path.sep);
    const names = parts[0]?.startsWith('@') ? 2 : 1;
    return { name: parts.slice(0, names).join('/'), inside: parts.slice(names).join('/') };
  };
  return {
    name: 'in-its-place',
    setup(build) {
      build.onResolve({ filter: /\.node$/ }, ({ path: wanted, resolveDir }) => {
        const { name, inside } = inPackage(path.join(resolveDir, wanted));
        return { path: `${name}/${inside}`, external: true };
      });
      build.onResolve({ filter: /\/bundler$/ }, ({ path: wanted, resolveDir }) => {
        const { name, inside } = inPackage(path.join(resolveDir, wanted));
        return `${name}/${inside}` === BUNDLER ? { path: BUNDLER, namespace: 'later' } : undefined;
      });
      build.onLoad({ filter: /.*/, namespace: 'later' }, ({ path: module }) => {
        const require = createRequire(path.join(root, 'package.json'));
        const bundler = require(module);
        for (const [name, code] of Object.entries(TOLD)) {
          const told = new Function('require', `return ${code};`)(require);
          if (!isDeepStrictEqual(told, bundler[name])) throw new Error(`${module} has another ${name} now`);
        }
        const getters = Object.keys(bundler).map(
          (name) => `get ${name}() { return ${TOLD[name] ?? `later().${name}`}; }`,
        );
        return {
          contents: `const later = () => require('${module}');\nmodule.exports = { ${getters.join(', ')} };`,
        };
      });
      build.onLoad({ filter: /\.json$/ }, async ({ path: file }) => {
        const json = JSON.parse(await readFile(file, 'utf8'));
        return { contents: `module.exports = ${parsed(json)};`, loader: 'js' };
      });
      build.onLoad({ filter: PROTO }, async ({ path: file }) => ({
        contents: lessProto(await readFile(file, 'utf8')),
      }));
      build.onLoad({ filter: /\.[cm]?[jt]s$/ }, async ({ path: file }) => {
        const text = await readFile(file, 'utf8');
        if (!text.includes('__dirname') && !text.includes('require.resolve(')) return undefined;
        const { name, inside } = inPackage(file);
        const folder = isOurs(file)
          ? `__room(${JSON.stringify(path.relative(root, path.dirname(file)))})`
          : `__inPackage(${JSON.stringify(name)}, ${JSON.stringify(path.posix.dirname(inside))})`;
        return {
          contents: text
            .replaceAll('__dirname', folder)
            .replaceAll("require.resolve('./workflow-worker-thread')", '__thread')
            .replaceAll(
              /require\.resolve\('(\.[^']+)'\)/g,
              (_, relative) =>
                `__inPackage(${JSON.stringify(name)}, ${JSON.stringify(path.posix.join(path.posix.dirname(inside), `${relative}.js`))})`,
            ),
          loader: file.endsWith('ts') ? 'ts' : 'js',
        };
      });
    },
  };
}
