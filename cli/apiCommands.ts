import type { Command } from 'commander';
import { addKeyCommands } from './access/keyCommands';
import { addUserCommands } from './access/userCommands';
import { addAuditCommand } from './audit/command';
import { addCredentialCommands } from './credential/command';
import { addHostCommands } from './host/command';
import { addObCommands } from './ob/command';
import { addPackageCommands } from './package/command';
import { addProxyCommands } from './proxy/command';
import { addTaskCommands } from './task/command';

/** Adds every command that works through the API, but for those that the catalogue gives and `obflow apply`. */
export function addApiCommands(program: Command): void {
  addTaskCommands(program);
  addProxyCommands(program);
  addHostCommands(program);
  addCredentialCommands(program);
  addPackageCommands(program);
  addObCommands(program);
  addAuditCommand(program);
  addUserCommands(program);
  addKeyCommands(program);
}
