import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A request and its answer as the OCP documentation publishes them: examples of the API document, and golden tests. */
export interface PublishedSample {
  readonly request: unknown;
  /** The whole envelope. */
  readonly response: unknown;
}

/** The sample of that name in operations/samples. */
export function publishedSample(name: string): PublishedSample {
  const read = (part: string): unknown =>
    JSON.parse(readFileSync(path.join(__dirname, 'samples', `${name}.${part}.json`), 'utf8'));
  return { request: read('request'), response: read('response') };
}
