import type { Argument, Command, Option } from 'commander';

/** What may follow a word. */
export type Follows =
  /** The word stands alone. */
  | { readonly kind: 'none' }
  | { readonly kind: 'choices'; readonly choices: readonly string[] }
  | { readonly kind: 'files' }
  /** Something that only the person knows. */
  | { readonly kind: 'anything' };

export interface CompletedOption {
  /** `-o`, `--output`. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly value: Follows;
}

/** One command as a shell must know it. */
export interface CompletedCommand {
  /** `obflow proxy cluster`. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  /** What its words without flags are; of all of them, since shells need not count. */
  readonly words: Follows;
}

/** Every command of the program, the program itself first. */
export function completedCommands(command: Command, before = ''): CompletedCommand[] {
  const path = `${before} ${command.name()}`.trim();
  const shown = command.createHelp().visibleCommands(command);
  const own: CompletedCommand = {
    path,
    commands: shown.map((sub) => ({ name: sub.name(), description: firstLine(sub.description()) })),
    options: command.createHelp().visibleOptions(command).map(optionOf),
    words: wordsOf(command.registeredArguments),
  };
  // `help` is made by the library and has no options worth completing.
  const below = shown.filter((sub) => command.commands.includes(sub));
  return [own, ...below.flatMap((sub) => completedCommands(sub, path))];
}

function optionOf(option: Option): CompletedOption {
  const { short, long, description, argChoices } = option;
  return {
    flags: [short, long].filter((flag) => flag !== undefined && flag !== null),
    description: firstLine(description),
    value: !option.required && !option.optional ? { kind: 'none' } : valueFor(option.flags, argChoices),
  };
}

function valueFor(flags: string, choices: readonly string[] | undefined): Follows {
  if (choices !== undefined) return { kind: 'choices', choices };
  return /<file(\.\.\.)?>/.test(flags) ? { kind: 'files' } : { kind: 'anything' };
}

function wordsOf(words: readonly Argument[]): Follows {
  const [first] = words;
  if (first === undefined) return { kind: 'none' };
  if (first.argChoices !== undefined) return { kind: 'choices', choices: first.argChoices };
  return words.some((word) => word.name() === 'file') ? { kind: 'files' } : { kind: 'anything' };
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

/** In single quotes, as POSIX shells and zsh read it. */
export function quoted(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}
