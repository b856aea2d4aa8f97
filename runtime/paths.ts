import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * The folder that holds package.json, dist/ and docs/: the same for sources run by jest and for compiled files in
 * dist/. Throws when this file was moved out of the project.
 */
export function repositoryRoot(): string {
  for (let folder = __dirname; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, 'package.json'))) return folder;
    if (folder === path.dirname(folder)) throw new Error(`No package.json above ${__dirname}`);
  }
}
