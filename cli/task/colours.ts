import pc from 'picocolors';

/** A state in its colour where stdout is a terminal that has colours. */
export function coloured(status: string): string {
  if (!process.stdout.isTTY) return status;
  if (status.startsWith('FAILED')) return pc.red(status);
  if (status.startsWith('SUCCESSFUL')) return pc.green(status);
  if (/^(RUNNING|READY|CANCELING)/.test(status)) return pc.yellow(status);
  return pc.dim(status);
}
