import { Argument, type Command } from 'commander';
import { say } from '../output';
import { bashScript } from './bash';
import { fishScript } from './fish';
import { completedCommands } from './tree';
import { zshScript } from './zsh';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** Adds `obflow completion`, which knows every command that the program has when it is run. */
export function addCompletionCommand(program: Command): void {
  const shells = Object.keys(SCRIPTS);
  program
    .command('completion')
    .description('print what makes a shell complete obflow commands and options')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .addHelpText(
      'after',
      '\nbash: source <(obflow completion bash)     in ~/.bashrc' +
        '\nzsh:  source <(obflow completion zsh)      in ~/.zshrc, after compinit' +
        '\nfish: obflow completion fish | source      in ~/.config/fish/config.fish',
    )
    .action((shell: keyof typeof SCRIPTS) => {
      // Line by line: what goes to a terminal is cleaned, and a line feed is no harm here.
      for (const line of SCRIPTS[shell](completedCommands(program)).trimEnd().split('\n')) say(line);
    });
}
