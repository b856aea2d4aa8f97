import { type Command, Option } from 'commander';
import { OPERATIONS } from '../../operations';
import type { CatalogueEntry } from '../../operations/types';
import { declare, pathOf, run } from '../access/run';
import { ACCESS_HELP, type ApiClient } from '../apiClient';
import { runUntilInterrupted } from '../task/command';
import { bodyFields, type Field, pathFields, subjectOf, TAKEN } from './fields';
import { type OperationOptions, runOperation } from './run';
import { argumentOf, bodyOf, type Typed, UsageError, wholeBody } from './values';
import { commandWords } from './words';

const EXIT_HELP =
  '\nExit codes: 0 accepted, or with --watch SUCCESSFUL; 1 refused, failed, or a dry run found an ERROR; 2 wrong usage; with --watch 3 rolled back, 130 Ctrl-C.';

/**
 * Adds a command for every operation of the catalogue, made from what the operation declares. Where the program has a command
 * of these words already, that one is the operation's.
 */
export function addOperationCommands(
  program: Command,
  operations: readonly CatalogueEntry[] = OPERATIONS,
): void {
  for (const operation of operations) {
    const words = commandWords(operation);
    const verb = words?.at(-1);
    if (words === undefined || verb === undefined) continue;
    const group = words.slice(0, -1).reduce(groupOf, program);
    if (!group.commands.some((command) => command.name() === verb)) addCommand(group, verb, operation);
  }
}

/** The commands of a noun, as they are or made. */
export function groupOf(parent: Command, noun: string): Command {
  const known = parent.commands.find((command) => command.name() === noun);
  if (known !== undefined) return known;
  const group = parent.command(noun).description(`operations on ${noun}, through the API`);
  return group
    .showHelpAfterError(`(${pathOf(group)} --help lists the commands)`)
    .addHelpText('after', ACCESS_HELP);
}

function addCommand(group: Command, verb: string, operation: CatalogueEntry): void {
  const { summary, description, body, looks, answer } = operation;
  const command = declare(group, verb, summary.charAt(0).toLowerCase() + summary.slice(1));
  const path = pathFields(operation);
  for (const { word } of path) command.argument(`<${word}>`);
  const fields = bodyFields(body);
  const queried = bodyFields(operation.query);
  const subject = subjectOf(fields, group.name());
  // Not demanded by the parser: --body may have it.
  if (subject !== undefined) command.argument(`[${argumentOf(subject)}]`, aboutSubject(subject));
  const flagged = fields.filter((field) => field !== subject);
  const shared = sharedOf(subject, flagged);
  for (const field of [...flagged, ...shared, ...queried])
    command.addOption(optionOf(field, shared.includes(field)));
  if (body !== undefined) {
    command.option(
      '--body <file>',
      'the body as JSON, - from standard input; what is given beside it counts more',
    );
  }
  command.option('--dry-run', 'ask every question and say what would be done; change nothing', false);
  if (looks) command.option('--no-look', 'with --dry-run: do not look at hosts');
  if (answer !== 'none')
    command.option('--watch', 'follow the task until it has ended or needs a person', false);
  command.addHelpText('after', `\n${description}\n${EXIT_HELP}`);
  command.action((...given: unknown[]) => {
    const words = given.slice(0, path.length + (subject === undefined ? 0 : 1)) as Typed[];
    return perform(command, async () => {
      const options = command.opts<Partial<OperationOptions> & Record<string, Typed>>();
      const typed = (field: Field): Typed =>
        field === subject ? words.at(-1) : options[optionOf(field, false).attributeName()];
      const file = options.body;
      const content =
        body === undefined
          ? undefined
          : bodyOf(fields, typed, {
              shared,
              ...(subject === undefined ? {} : { subject }),
              ...(typeof file === 'string' ? { whole: wholeBody(file) } : {}),
            });
      const query = bodyOf(queried, typed, {});
      const { output = 'table', dryRun = false, look = true, watch = false } = options;
      const parameters = path.map((field, index) => ({ field, word: String(words[index]) }));
      const work = async (api: ApiClient, signal?: AbortSignal) => {
        const how = {
          output,
          dryRun,
          look,
          watch: watch && !dryRun,
          ...(signal === undefined ? {} : { signal }),
        };
        process.exitCode = await runOperation(api, operation, parameters, { body: content, query }, how);
      };
      return watch ? runUntilInterrupted(work) : run(work);
    });
  });
}

/** Of a subject whose elements have fields of their own: what may be given once for all elements. */
function sharedOf(subject: Field | undefined, flagged: readonly Field[]): readonly Field[] {
  if (subject?.form.kind !== 'record') return [];
  const taken = new Set(flagged.map(({ flag }) => flag));
  return subject.form.fields.slice(1).filter(({ flag }) => !taken.has(flag) && !TAKEN.has(flag));
}

function optionOf({ flag, form, many, description, required, byDefault }: Field, ofEach: boolean): Option {
  const text = [
    description.replace(/\.$/, ''),
    form.kind === 'record' ? `fields: ${form.fields.map((field) => field.flag).join(', ')}` : '',
    ofEach ? 'for each of them' : '',
    required && form.kind !== 'boolean' && !isSettled(form) && !ofEach ? 'required' : '',
    byDefault === undefined || byDefault === '' || typeof byDefault === 'object'
      ? ''
      : `default: ${byDefault}`,
  ]
    .filter((part) => part !== '')
    .join('; ');
  if (form.kind === 'boolean') return new Option(byDefault === true ? `--no-${flag}` : `--${flag}`, text);
  const option = new Option(`--${flag} <${valueWord(form, flag)}${many ? '...' : ''}>`, text);
  return form.kind === 'text' && form.choices !== undefined ? option.choices([...form.choices]) : option;
}

/** Nothing to choose: the command gives it by itself. */
function isSettled(form: Field['form']): boolean {
  return form.kind === 'text' && form.choices?.length === 1;
}

/** How the elements of a list of records are written, beside what they are. */
function aboutSubject({ form, description }: Field): string {
  if (form.kind !== 'record') return description;
  const [head, ...others] = form.fields;
  const written = others
    .filter(({ required }) => required)
    .map(({ flag, many }) => `${flag}=…${many ? `[,${flag}=…]` : ''}`);
  return [
    description.replace(/\.$/, ''),
    `each as ${[`<${head?.flag}>`, ...written].join(',')}`,
    `fields: ${form.fields.map(({ flag }) => flag).join(', ')}`,
  ]
    .filter((part) => part !== '')
    .join('; ');
}

function valueWord(form: Field['form'], flag: string): string {
  if (form.kind === 'named') return form.names === 'obproxy' ? 'proxy' : flag;
  if (form.kind === 'record') return `${form.fields[0]?.flag},field=value`;
  return { text: 'text', number: 'number', boolean: '', secret: 'file', pair: 'name=value', json: 'json' }[
    form.kind
  ];
}

/** What is wrong with the words ends the command as the parser would. */
async function perform(command: Command, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof UsageError)
      command.error(`error: ${error.message}`, { exitCode: 2, code: 'obflow.usage' });
    throw error;
  }
}
