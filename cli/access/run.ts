import { type Command, Option } from 'commander';
import { z } from 'zod';
import { ApiClient } from '../apiClient';
import { complain, textOf } from '../output';

export interface OutputOptions {
  readonly output: 'table' | 'json';
}

/** Runs one command against the API: errors become one text, and exit code 1. */
export async function run(work: (api: ApiClient) => Promise<void>): Promise<void> {
  try {
    await work(new ApiClient(process.env));
  } catch (error) {
    complain(textOf(error));
    process.exitCode = 1;
  }
}

/** A subcommand with `-o table|json`. */
export function declare(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .addOption(
      new Option('-o, --output <format>', 'how to print').choices(['table', 'json']).default('table'),
    )
    .showHelpAfterError(`(${pathOf(parent)} ${name} --help shows how)`);
}

/** The words that lead to a command: `obflow proxy cluster`. */
export function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** `data` of an answer in the shape it must have. Throws Error when the API is of another kind. */
export function parsed<T>(schema: z.ZodType<T>, answer: unknown): T {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  throw new Error('The API answered otherwise than this obflow understands. Are both of one version?');
}

const userSchema = z.object({
  id: z.number(),
  name: z.string(),
  enabled: z.boolean(),
  roles: z.array(z.string()),
  createTime: z.string(),
});
export type UserDocument = z.output<typeof userSchema>;
const usersSchema = z.object({
  contents: z.array(userSchema),
  page: z.object({ totalPages: z.number() }),
});

/** Every user. */
export async function allUsers(api: ApiClient): Promise<UserDocument[]> {
  const users: UserDocument[] = [];
  for (let page = 1, pages = 1; page <= pages; page += 1) {
    const answer = await api.call('GET', `/api/v2/iam/users?size=2000&sort=name,asc&page=${page}`);
    const { contents, page: facts } = parsed(usersSchema, answer);
    users.push(...contents);
    pages = facts.totalPages;
  }
  return users;
}

/** The user of that name. Throws Error when there is none. */
export async function userCalled(api: ApiClient, name: string): Promise<UserDocument> {
  const found = (await allUsers(api)).find((user) => user.name === name);
  if (found === undefined) throw new Error(`There is no user ${name}. obflow user ls lists the users.`);
  return found;
}
