import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { addCompletionCommand } from '../../cli/completion/command';
import { addOperationCommands } from '../../cli/operation/commands';
import { addProxyCommands } from '../../cli/proxy/command';
import { describeIf } from '../support/skip';
import { runCommand } from './taskScene';

const program = (to: Command) => {
  addProxyCommands(to);
  addOperationCommands(to);
  to.command('apply').description("declare what's in a file").argument('<file>');
  addCompletionCommand(to);
};

let folder: string;
const scripts: Record<string, string> = {};
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-completion-'));
  writeFileSync(path.join(folder, 'inventory.yaml'), '');
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = await runCommand(program, ['completion', shell], {});
    scripts[shell] = path.join(folder, `obflow.${shell}`);
    writeFileSync(scripts[shell], stdout);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const missing = (shell: string) =>
  (process.env.PATH ?? '').split(':').some((bin) => existsSync(path.join(bin, shell)))
    ? undefined
    : `${shell} is missing: apt-get install ${shell}`;

/** What each shell offers for the last of these words. */
const OFFERED: Readonly<Record<string, (words: readonly string[]) => string[]>> = {
  bash: (words) =>
    lines('bash', [
      '-c',
      `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _obflow; printf '%s\\n' "\${COMPREPLY[@]}"`,
      ...[scripts.bash ?? '', ...words],
    ]),
  // What would be drawn in a menu is printed instead.
  zsh: (words) =>
    lines('zsh', [
      '-fc',
      `compdef() { : }; _files() { print -l -- *; }; compadd() { print -l -- "\${@[2,-1]}"; }; _message() { : }
       _describe() { print -l -- "\${(@)\${(P)2}%%:*}"; }
       source "$0"; words=("$@"); CURRENT=$#; _obflow`,
      ...[scripts.zsh ?? '', ...words],
    ]),
  fish: (words) =>
    lines('fish', ['--no-config', '-c', `source ${scripts.fish}; complete -C "${words.join(' ')}"`]).map(
      (line) => line.split('\t')[0] ?? '',
    ),
};

function lines(shell: string, args: readonly string[]): string[] {
  return execFileSync(shell, args, { cwd: folder, encoding: 'utf8' }).split('\n').filter(Boolean);
}

for (const [shell, offered] of Object.entries(OFFERED)) {
  describeIf(missing(shell), `completion in ${shell}`, () => {
    it('offers commands, those of the catalogue too', () => {
      expect(offered(['obflow', ''])).toEqual(expect.arrayContaining(['proxy', 'apply', 'completion']));
      expect(offered(['obflow', 'proxy', ''])).toEqual(
        expect.arrayContaining(['cluster', 'ls', 'stop', 'take-over', 'rm']),
      );
      expect(offered(['obflow', 'proxy', 'cluster', 'c'])).toContain('create');
      expect(offered(['obflow', 'proxy', 'cluster', ''])).not.toContain('take-over');
    });

    it('offers options and what they take', () => {
      expect(offered(['obflow', 'proxy', 'restart', '--'])).toEqual(
        expect.arrayContaining(['--hot-restart', '--dry-run', '--output']),
      );
      expect(offered(['obflow', 'proxy', 'restart', '-o', '']).sort()).toEqual(['json', 'table']);
      expect(offered(['obflow', 'proxy', 'cluster', 'create', '--work-mode', ''])).toEqual([
        'CONFIG_URL',
        'RS_LIST',
      ]);
      expect(offered(['obflow', 'completion', ''])).toEqual(expect.arrayContaining(['bash', 'fish', 'zsh']));
    });

    it('offers files where a file is meant, and nothing where only the person knows', () => {
      expect(offered(['obflow', 'apply', 'inv'])).toContain('inventory.yaml');
      expect(offered(['obflow', 'proxy', 'stop', '--body', 'inv'])).toContain('inventory.yaml');
      expect(offered(['obflow', 'proxy', 'add', '--sql-port', ''])).toEqual([]);
    });
  });
}

it('refuses a shell that it does not know', async () => {
  const { code, stderr } = await runCommand(program, ['completion', 'csh'], {});
  expect([code, stderr]).toEqual([2, expect.stringContaining('bash, zsh, fish')]);
});
