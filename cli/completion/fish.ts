import type { CompletedCommand, CompletedOption, Follows } from './tree';

/** A script for fish 3, to be read by `obflow completion fish | source`. */
export function fishScript(commands: readonly CompletedCommand[]): string {
  return `# fish completion of obflow
set -g __obflow_commands ${commands.map(({ path }) => quotedForFish(path)).join(' ')}
function __obflow_at
    set -l at obflow
    for word in (commandline -opc)[2..-1]
        if contains -- "$at $word" $__obflow_commands
            set at "$at $word"
        end
    end
    test "$at" = "$argv[1]"
end
complete -c obflow -e
complete -c obflow -f
${commands.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ path, commands, options, words }: CompletedCommand): string[] {
  const when = `complete -c obflow -n ${quotedForFish(`__obflow_at '${path}'`)}`;
  return [
    ...commands.map(
      ({ name, description }) => `${when} -a ${quotedForFish(name)} -d ${quotedForFish(description)}`,
    ),
    ...options.map((option) => `${when} ${flagsOf(option)} -d ${quotedForFish(option.description)}`),
    ...(words.kind === 'none' || words.kind === 'anything' ? [] : [`${when} ${offer(words)}`]),
  ];
}

function flagsOf({ flags, value }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  return [...names, ...(value.kind === 'none' ? [] : [`-r ${offer(value)}`])].join(' ').trim();
}

function offer(value: Follows): string {
  if (value.kind === 'choices') return `-f -a ${quotedForFish(value.choices.join(' '))}`;
  return value.kind === 'files' ? '-F' : '-f';
}

/** In single quotes, where fish knows \\\\ and \\'. */
function quotedForFish(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
