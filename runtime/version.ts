import { readFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from './paths';

/** The version in package.json. */
export function obflowVersion(): string {
  const text = readFileSync(path.join(repositoryRoot(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
