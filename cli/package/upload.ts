import { createHash, randomBytes } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type OutputOptions, parsed } from '../access/run';
import type { ApiClient } from '../apiClient';
import { say } from '../output';
import { PACKAGES, packageSchema } from './inventory';

/** `obflow package upload`: one file after the other, as the documented multipart request. */
export async function uploadPackages(
  api: ApiClient,
  files: readonly string[],
  { output }: OutputOptions,
): Promise<void> {
  for (const file of files) await readable(file);
  const uploaded: unknown[] = [];
  for (const file of files) {
    const answer = await upload(api, file);
    uploaded.push(answer);
    if (output === 'json') continue;
    const { id, fileName, sha256 } = parsed(packageSchema, answer);
    say(`Package ${fileName} is uploaded (id ${id}), SHA-256 ${sha256}.`);
  }
  if (output === 'json') say(JSON.stringify({ contents: uploaded }, null, 2));
}

async function readable(file: string): Promise<void> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`Cannot read ${file} (${error.code ?? String(error)}). Nothing was uploaded.`);
  });
  if (!found.isFile()) throw new Error(`${file} is no file. Nothing was uploaded.`);
}

/** The body is never in memory as a whole: a package of OceanBase has some hundred MB. */
async function upload(api: ApiClient, file: string): Promise<unknown> {
  const boundary = `obflow-${randomBytes(12).toString('hex')}`;
  const name = path.basename(file).replace(/["\r\n\\]/g, '_');
  const body = new Blob([
    `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\ncontent-type: application/x-rpm\r\n\r\n`,
    await openAsBlob(file),
    `\r\n--${boundary}--\r\n`,
  ]);
  return api.upload(PACKAGES, {
    content: body,
    contentType: `multipart/form-data; boundary=${boundary}`,
    digest: () => digestOf(body),
  });
}

/** As `bodyDigest`, read piece by piece. */
async function digestOf(body: Blob): Promise<string> {
  const hash = createHash('md5');
  for await (const piece of body.stream()) hash.update(piece);
  return hash.digest('hex').toUpperCase();
}
