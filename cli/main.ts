import type { Command } from 'commander';
import { ConfigError } from '../runtime/setting';
import { complain, textOf } from './output';
import { obflowProgram } from './program';
import { trustCaFile } from './trust';

/** Exit codes: 0 done, 1 failed, 2 wrong usage or setting, 128 + n ended by a second signal n. */
async function main(): Promise<void> {
  const program = obflowProgram();

  // The catalogue takes 0.3 s to load, which `obflow up` or `task ls` need not wait for.
  if (mayBeOperation(program, process.argv[2])) {
    (await import('./operation/commands')).addOperationCommands(program);
  }
  await trustCaFile(process.env);
  await program.parseAsync();
}

/** Whether a command line that begins with this word may need the commands that the catalogue gives. */
function mayBeOperation(program: Command, word = ''): boolean {
  const known = program.commands.find((command) => command.name() === word);
  return known === undefined || word === 'completion' || (known.commands.length > 0 && word !== 'task');
}

main().catch((error: unknown) => {
  complain(`obflow: ${textOf(error)}`);
  process.exit(error instanceof ConfigError ? 2 : 1);
});
