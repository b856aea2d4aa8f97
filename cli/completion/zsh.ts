import { type CompletedCommand, type Follows, quoted } from './tree';

/** A script for zsh, to be read by `source <(obflow completion zsh)` after compinit, or to be kept as _obflow in $fpath. */
export function zshScript(commands: readonly CompletedCommand[]): string {
  return `#compdef obflow
_obflow() {
  local at=obflow i
  local -a offered
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
      (${commands.map(({ path }) => quoted(path)).join('|')}) at="$at \${words[i]}" ;;
    esac
  done
  case "$at \${words[CURRENT-1]}" in
${commands.flatMap(valuesOf).join('\n')}
  esac
  case "$at" in
${commands.map(caseOf).join('\n')}
  esac
}
if [[ "\${funcstack[1]}" = _obflow ]]; then _obflow "$@"; else compdef _obflow obflow; fi
`;
}

function valuesOf({ path, options }: CompletedCommand): string[] {
  return options
    .filter(({ value }) => value.kind !== 'none')
    .map(({ flags, value }) => {
      const patterns = flags.map((flag) => quoted(`${path} ${flag}`)).join('|');
      return `    (${patterns}) ${offer(value)}; return ;;`;
    });
}

function caseOf({ path, commands, options, words }: CompletedCommand): string {
  const named = commands.map(({ name, description }) => described(name, description));
  const flagged = options.flatMap(({ flags, description }) =>
    flags.map((flag) => described(flag, description)),
  );
  const chosen = words.kind === 'choices' ? words.choices.map(quoted) : [];
  const files = words.kind === 'files' ? '; _files' : '';
  return `    (${quoted(path)}) offered=(${[...named, ...chosen, ...flagged].join(' ')}); _describe ${quoted(path)} offered${files} ;;`;
}

function described(name: string, description: string): string {
  return quoted(`${name.replace(/:/g, '\\:')}:${description}`);
}

function offer(value: Follows): string {
  if (value.kind === 'choices') return `compadd -- ${value.choices.map(quoted).join(' ')}`;
  return value.kind === 'files' ? '_files' : '_message value';
}
