import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { repositoryRoot } from '../runtime/paths';

/** The folder of the workflows beside this file: sources under jest, compiled ones in dist/. */
const WORKFLOWS = path.join(__dirname, '..', 'workflows');

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
  writeFileSync(temporary, code);
  renameSync(temporary, file);
  return file;
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
