import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { repositoryRoot } from '../runtime/paths';

/** The folder of the workflows beside this file: sources under jest, compiled ones in dist/. */
const WORKFLOWS = path.join(__dirname, '..', 'workflows');

/** A bundle with its code, which the SDK would else read when the event loop comes to it. */
export function readAtOnce(source: WorkflowSource): WorkflowSource | { workflowBundle: { code: string } } {
  if (!('workflowBundle' in source)) return source;
  return { workflowBundle: { code: readFileSync(source.workflowBundle.codePath, 'utf8') } };
}

/** As the worker takes it: a prepared bundle (1.1 s from start to first task), else sources (about 3 s). */
export type WorkflowSource =
  | { readonly workflowBundle: { readonly codePath: string } }
  | { readonly workflowsPath: string };

function workflowsPath(): string {
  const compiled = path.join(WORKFLOWS, 'index.js');
  return existsSync(compiled) ? compiled : path.join(WORKFLOWS, 'index.ts');
}

/**
 * Bundles the workflows and writes the file, whole or not at all.
 *
 * @param file default: dist/workflows/bundle.js of the project
 * @returns the path of the bundle
 */
export async function writeWorkflowBundle(
  file: string = path.join(repositoryRoot(), 'dist', 'workflows', 'bundle.js'),
): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: workflowsPath(),
    logger: new DefaultLogger('WARN'),
  });
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, withLessSource(code));
  renameSync(temporary, file);
  return file;
}

/** Where webpack's inlined source map begins. */
const SOURCE_MAP = /^\/\/# sourceMappingURL=data:[^,]*,(?=[^\n]*$)/m;

/**
 * A bundle whose source map holds the text of our own files only: that of the SDK's is a third of the whole, which every start
 * reads and decodes, and nothing but the Web UI's call stack shows it.
 */
export function withLessSource(code: string): string {
  const found = SOURCE_MAP.exec(code);
  if (found === null) throw new Error('The bundle of the workflows has no inlined source map.');
  const begin = found.index + found[0].length;
  const map = JSON.parse(Buffer.from(code.slice(begin), 'base64').toString()) as {
    readonly sources: readonly string[];
    readonly sourcesContent: readonly (string | null)[];
  };
  const sourcesContent = map.sourcesContent.map((text, at) =>
    (map.sources[at] ?? '').includes('node_modules') ? null : text,
  );
  return code.slice(0, begin) + Buffer.from(JSON.stringify({ ...map, sourcesContent })).toString('base64');
}

/** The bundle of the last build when no workflow file has changed since, else the workflows themselves. */
export function workflowBundle(): WorkflowSource {
  const codePath = path.join(repositoryRoot(), 'dist', 'workflows', 'bundle.js');
  const built = statSync(codePath, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const changed = readdirSync(WORKFLOWS, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[jt]s$/.test(name))
    .map((name) => path.join(WORKFLOWS, name))
    .filter((name) => name !== codePath)
    .map((name) => statSync(name).mtimeMs);
  return built > 0 && built >= Math.max(...changed)
    ? { workflowBundle: { codePath } }
    : { workflowsPath: workflowsPath() };
}
