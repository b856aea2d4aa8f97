import { basename } from 'node:path/posix';
import type { HostProcess } from '../../hosts/types';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { runsOn, subtask } from '../subtask';
import { SERVICE } from './service';
import { isOwnPort, lookForService, processText } from './serviceProcesses';

export const INTERPRETER = /^(?:sh|bash|dash|ksh|zsh|ash|busybox|env|nohup|setsid|node|perl|python[\d.]*)$/;

/** The program, and the script when the program is an interpreter: `bash -x /a/obproxyd.sh -c start` → bash, obproxyd.sh. */
function programs(process: HostProcess): string[] {
  const [first = '', ...rest] = process.args;
  // A login shell is shown as `-bash`.
  const program = basename(first).replace(/^-/, '');
  if (!INTERPRETER.test(program)) return [program];
  const at = rest.findIndex((argument) => !argument.startsWith('-'));
  const script = rest[at];
  // `sh -c TEXT` runs no file; its text may hold any word.
  if (script === undefined || rest.slice(0, at).some((option) => /^-[a-z]*c$/.test(option))) return [program];
  return [program, basename(script)];
}

/** Whether a process is one of those named: by its kernel name, its program or its script, each exactly. */
export function matchesKeyword(process: HostProcess, keywords: readonly string[]): boolean {
  const zombie = process.exe === '' && process.args.length === 0;
  if (zombie) return false;
  return [process.comm, ...programs(process)].some((name) => keywords.includes(name));
}

/**
 * "Check if process not exist": one service of its kind a host (keepers of OBProxy look for it by name). Our own (same
 * home, same port) is accepted: this step is repeated when a task resumes after a crash.
 */
export const CheckProcessNotExist = subtask({
  name: 'Check if process not exist',
  className: 'host.CheckProcessNotExistTask',
  timeout: 300,
  needs: { ...SERVICE, process_keywords: 'list' },

  async run(scope) {
    const keywords = scope.list('process_keywords');
    const service = scope.service();
    const { port } = await service.recorded();
    const { home } = await service.package();
    const host = await scope.host();
    const look = await lookForService(host, home, service.program);
    const found = look.all.filter((process) => matchesKeyword(process, keywords));
    const ours = isOwnPort(look, port) ? look.own : [];
    const foreign = found.filter(({ pid }) => !ours.some((own) => own.pid === pid));
    for (const process of found.filter((candidate) => !foreign.includes(candidate))) {
      scope.log.info(say('process.ours', { process: processText(process) }));
    }
    if (foreign.length > 0) {
      throw new PermanentError({
        type: 'ProcessExists',
        code: 'COM32001',
        tried: say('process.makeSure', { keywords: keywords.join(', ') }),
        where: host.ip,
        cameBack: foreign.map(processText),
        next: say('next.stopOrTakeOver'),
      });
    }
    scope.log.info(say('process.none', { keywords: keywords.join(', '), ip: host.ip }));
    return undefined;
  },

  takeOver: {
    /** No *other* process in the same home. */
    async run(scope) {
      await scope.service().found.refuseOthers();
      return undefined;
    },
    rollback: runsOn,
  },
});
