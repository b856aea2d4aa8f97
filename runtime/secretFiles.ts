import { readFileSync } from 'node:fs';

/** Settings that may stand in a file, named by `<NAME>_FILE`: as Docker, Kubernetes and systemd hand out secrets. */
export const IN_FILES = [
  'OBFLOW_DATABASE_URL',
  'OBFLOW_DATABASE_PASSWORD',
  'OBFLOW_ADMIN_PASSWORD',
  'OBFLOW_PASSWORD',
  'OBFLOW_ACCESS_KEY_SECRET',
] as const;

/**
 * The environment with the content of those files as the settings themselves, the files no longer named in it; one
 * line break at a file's end is no part of it. `problems` has a sentence for each file that cannot be used; none
 * repeats a content.
 */
export function withSecretFiles(env: Readonly<Record<string, string | undefined>>): {
  env: Record<string, string | undefined>;
  problems: string[];
} {
  const filled: Record<string, string | undefined> = { ...env };
  const problems: string[] = [];
  for (const name of IN_FILES) {
    const file = env[`${name}_FILE`] ?? '';
    if (file === '') continue;
    if ((env[name] ?? '') !== '') {
      problems.push(`${name} and ${name}_FILE are both set; set one of them.`);
      continue;
    }
    try {
      const content = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
      if (content === '') problems.push(`${name}_FILE names ${file}, which is empty.`);
      else Object.assign(filled, { [name]: content, [`${name}_FILE`]: undefined });
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      problems.push(`${name}_FILE names ${file}, which cannot be read (${code}).`);
    }
  }
  return { env: filled, problems };
}
