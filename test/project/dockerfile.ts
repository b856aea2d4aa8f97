import { readFileSync } from 'node:fs';

export interface Instruction {
  readonly name: string;
  readonly value: string;
}

export interface Stage {
  /** As in `FROM … AS name`; undefined for the last one, which has none. */
  readonly name: string | undefined;
  /** An image, or the name of an earlier stage. */
  readonly base: string;
  readonly instructions: readonly Instruction[];
  readonly copies: readonly { from: string | undefined; sources: readonly string[]; target: string }[];
}

/** The stages of a Dockerfile, lines joined at their backslashes, comments left out. */
export function dockerfile(file: string): Stage[] {
  const lines = readFileSync(file, 'utf8')
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages: (Omit<Stage, 'copies'> & { instructions: Instruction[] })[] = [];
  for (const line of lines) {
    const [, name = '', value = ''] = /^(\w+)\s+(.*)$/.exec(line.trim()) ?? [];
    if (name === 'FROM') {
      const [, base = '', as] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(value) ?? [];
      stages.push({ name: as, base, instructions: [] });
    } else stages.at(-1)?.instructions.push({ name, value });
  }
  return stages.map((stage) => ({
    ...stage,
    copies: stage.instructions.filter(({ name }) => name === 'COPY').map(({ value }) => copy(value)),
  }));
}

function copy(value: string): Stage['copies'][number] {
  const from = /--from=(\S+)/.exec(value)?.[1];
  const words = value.split(/\s+/).filter((word) => !word.startsWith('--'));
  return { from, sources: words.slice(0, -1), target: words.at(-1) ?? '' };
}
