import { isIP } from 'node:net';
import { isNode } from 'yaml';
import { z } from 'zod';
import { addressText } from '../../runtime/addressText';
import { parseYamlText, type YamlText } from './yamlText';

/** Where a secret comes from; exactly one source. */
const secretSource = {
  password: z.string().min(1).optional(),
  passwordFile: z.string().min(1).optional(),
  passwordEnv: z.string().min(1).optional(),
};
const name = z.string().trim().min(1).max(128);
const port = z.int().min(1).max(65535);
const ip = z.string().refine((text) => isIP(text) !== 0, 'must be an IP address');

function exactlyOne(fields: readonly string[]) {
  return (value: Record<string, unknown>, context: z.RefinementCtx) => {
    const given = fields.filter((field) => value[field] !== undefined);
    if (given.length === 1) return;
    context.addIssue(
      given.length === 0
        ? `needs one of ${fields.join(', ')}`
        : `has ${given.join(' and ')}; give only one of them`,
    );
  };
}

/** As the API takes it: people name places in their own language. */
const placeName = z
  .string()
  .regex(
    /^[\p{L}\p{N}](?:[\p{L}\p{N}._@ -]{0,126}[\p{L}\p{N}._@-])?$/u,
    'must begin with a letter or digit and have 1 to 128 letters, digits, blanks, ".", "_", "@" or "-"',
  );
const sshKey = z
  .strictObject({
    name,
    kind: z.literal('SSH_KEY'),
    username: name,
    privateKeyFile: z.string().min(1).optional(),
    privateKeyEnv: z.string().min(1).optional(),
    passphrase: z.string().min(1).optional(),
    passphraseFile: z.string().min(1).optional(),
    passphraseEnv: z.string().min(1).optional(),
  })
  .superRefine(exactlyOne(['privateKeyFile', 'privateKeyEnv']));
const sshPassword = z
  .strictObject({ name, kind: z.literal('SSH_PASSWORD'), username: name, ...secretSource })
  .superRefine(exactlyOne(['password', 'passwordFile', 'passwordEnv']));
const database = z
  .strictObject({ name, kind: z.literal('DATABASE'), username: name, ...secretSource })
  .superRefine(exactlyOne(['password', 'passwordFile', 'passwordEnv']));

const inventoryFile = z.strictObject({
  credentials: z
    .array(
      z.discriminatedUnion(
        'kind',
        [sshKey, sshPassword, database],
        'kind must be SSH_KEY, SSH_PASSWORD or DATABASE',
      ),
    )
    .default([]),
  hosts: z
    .array(
      z.strictObject({
        ip,
        sshPort: port.default(22),
        name: name.optional(),
        credential: name,
        hostKey: z
          .string()
          .regex(/^SHA256:[A-Za-z0-9+/]{43}=?$/, 'must be SHA256:… as `ssh-keygen -lf` prints it')
          .optional(),
        idc: placeName.default('default'),
        region: placeName.default('default'),
      }),
    )
    .default([]),
  obClusters: z
    .array(
      z.strictObject({
        name,
        obClusterId: z.int().min(1),
        version: z
          .string()
          .regex(/^\d+(\.\d+){2,3}([-_.]\S+)?$/, 'must be a version, in quotes, e.g. "4.2.1.0"'),
        type: z.enum(['PRIMARY', 'STANDBY']).default('PRIMARY'),
        rootServers: z
          .array(z.strictObject({ ip, sqlPort: port.default(2881), rpcPort: port.default(2882) }))
          .min(1),
        sysCredential: name,
        proxyroCredential: name,
      }),
    )
    .default([]),
});

export type InventoryFile = z.infer<typeof inventoryFile>;
export type FileCredential = InventoryFile['credentials'][number];

/** Thrown when the file cannot be used; a line a problem: `file:line: path: what`. */
export class InventoryFileError extends Error {
  constructor(readonly problems: readonly string[]) {
    const more = problems.length - MOST_PROBLEMS;
    super([...problems.slice(0, MOST_PROBLEMS), ...(more > 0 ? [`… and ${more} more`] : [])].join('\n'));
    this.name = 'InventoryFileError';
  }
}

/** Nobody reads more at once. */
const MOST_PROBLEMS = 50;

/**
 * Parses and validates an inventory file. Pure: secrets stay references. Throws InventoryFileError naming every
 * problem with its line; the texts repeat no values, which might be secrets in the wrong place.
 */
export function parseInventoryFile(text: string, fileName: string): InventoryFile {
  const yaml = parseYamlText(text);
  if ('faults' in yaml) {
    throw new InventoryFileError(yaml.faults.map(({ line, text: what }) => `${fileName}:${line}: ${what}`));
  }
  const parsed = inventoryFile.safeParse(yaml.value ?? {});
  if (!parsed.success) {
    throw new InventoryFileError(
      parsed.error.issues.map(
        (issue) => `${fileName}:${lineOf(yaml, issue.path)}: ${pathText(issue.path)}${problemText(issue)}`,
      ),
    );
  }
  const problems = crossCheck(parsed.data).map(
    ({ at, text: what }) => `${fileName}:${lineOf(yaml, at)}: ${pathText(at)}${what}`,
  );
  if (problems.length > 0) throw new InventoryFileError(problems);
  return parsed.data;
}

type Path = readonly PropertyKey[];

/** Names used twice, and kinds of credentials that do not fit where they are used. */
function crossCheck(file: InventoryFile): { at: Path; text: string }[] {
  const kinds = new Map(file.credentials.map((credential) => [credential.name, credential.kind]));
  const wrongKind = (at: Path, used: string, ssh: boolean) => {
    const kind = kinds.get(used);
    // Not in this file: the API knows whether it was declared before.
    if (kind === undefined || (kind !== 'DATABASE') === ssh) return [];
    return [
      {
        at,
        text: `credential "${used}" is ${kind}, needed is ${ssh ? 'SSH_KEY or SSH_PASSWORD' : 'DATABASE'}`,
      },
    ];
  };
  return [
    ...repeated(
      'credentials',
      file.credentials.map((credential) => credential.name),
    ),
    ...repeated(
      'hosts',
      file.hosts.map((host) => addressText(host.ip, host.sshPort)),
    ),
    ...repeated(
      'obClusters',
      file.obClusters.map((cluster) => `${cluster.name}:${cluster.obClusterId}`),
    ),
    ...file.hosts.flatMap((host, index) => wrongKind(['hosts', index, 'credential'], host.credential, true)),
    ...file.obClusters.flatMap((cluster, index) => [
      ...wrongKind(['obClusters', index, 'sysCredential'], cluster.sysCredential, false),
      ...wrongKind(['obClusters', index, 'proxyroCredential'], cluster.proxyroCredential, false),
    ]),
  ];
}

function repeated(list: string, keys: readonly string[]): { at: Path; text: string }[] {
  return keys.flatMap((key, index) =>
    keys.indexOf(key) < index ? [{ at: [list, index], text: `${key} is declared twice` }] : [],
  );
}

/** The line of the innermost part of the path that the file contains. */
function lineOf({ document, lines }: YamlText, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function pathText(path: Path): string {
  const text = path.reduce<string>(
    (written, part) => (typeof part === 'number' ? `${written}[${part}]` : `${written}.${String(part)}`),
    '',
  );
  return text === '' ? '' : `${text.slice(1)}: `;
}

function problemText(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `unknown field ${issue.keys.join(', ')}`;
  if (issue.code === 'invalid_type') return `must be ${issue.expected}`;
  return issue.message;
}
