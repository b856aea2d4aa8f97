import { type CompletedCommand, type Follows, quoted } from './tree';

/** A script for bash 3.2 and later, to be read by `source <(obflow completion bash)`. */
export function bashScript(commands: readonly CompletedCommand[]): string {
  return `# bash completion of obflow
_obflow() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at=obflow i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${commands.map(({ path }) => quoted(path)).join('|')}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at $prev" in
${values(commands)}
  esac
  case "$at" in
${commands.map(caseOf).join('\n')}
  esac
}
complete -o default -F _obflow obflow
`;
}

/** Where a value is waited for, no flag is offered. */
function values(commands: readonly CompletedCommand[]): string {
  const cases = new Map<string, string[]>();
  for (const { path, options } of commands) {
    for (const { flags, value } of options) {
      if (value.kind === 'none') continue;
      const doing = `${offer(value)}; return`;
      const patterns = flags.map((flag) => quoted(`${path} ${flag}`));
      cases.set(doing, [...(cases.get(doing) ?? []), ...patterns]);
    }
  }
  return [...cases].map(([doing, patterns]) => `    ${patterns.join('|')}) ${doing} ;;`).join('\n');
}

function caseOf({ path, commands, options, words }: CompletedCommand): string {
  const names = [...commands.map(({ name }) => name), ...options.flatMap(({ flags }) => flags)];
  if (words.kind === 'choices') names.push(...words.choices);
  const files = words.kind === 'files' ? ' COMPREPLY+=($(compgen -f -- "$cur"))' : '';
  return `    ${quoted(path)}) COMPREPLY=($(compgen -W ${quoted(names.join(' '))} -- "$cur"));${files} ;;`;
}

function offer(value: Follows): string {
  if (value.kind === 'choices')
    return `COMPREPLY=($(compgen -W ${quoted(value.choices.join(' '))} -- "$cur"))`;
  return value.kind === 'files' ? 'COMPREPLY=($(compgen -f -- "$cur"))' : 'COMPREPLY=()';
}
