import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { allCases, type Case, matching } from './cases';
import { addToRecord, forget, readRecord } from './record';
import { recordTable } from './report';
import type { CaseResult } from './result';

const all = allCases();
const RUN = '2026-11-30 0123abc seed 1';

function resultOf(id: string, more: Partial<CaseResult> = {}): CaseResult {
  return { id, seed: 1, passed: true, point: '', ms: 1, phases: {}, problems: [], ...more };
}

function casesOf(pattern: string): Case[] {
  const found = matching(all, [pattern], []);
  expect(found).not.toEqual([]);
  return found;
}

describe('the record of what has passed', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-record-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const textOf = (operation: string) => readFileSync(path.join(folder, `${operation}.txt`), 'utf8');

  it('keeps the run and the recovery of every case that passed, and none of one that failed', () => {
    addToRecord(
      all,
      [
        resultOf('stopObproxy/StopObproxy/worker-kill', { recoveryMs: 12_345 }),
        resultOf('stopObproxy/WaitNode.1/rollback-before'),
        resultOf('stopObproxy/StopObproxy/api-kill', { passed: false }),
      ],
      RUN,
      folder,
    );
    expect(readRecord(all, folder)).toEqual([
      { id: 'stopObproxy/WaitNode.1/rollback-before', run: RUN },
      { id: 'stopObproxy/StopObproxy/worker-kill', run: RUN, seconds: 12.3 },
    ]);
  });

  it('is added to by several runs, of which the last one counts', () => {
    const id = 'stopObproxy/StopObproxy/worker-kill';
    addToRecord(all, [resultOf(id), resultOf('stopObproxy/StopObproxy/api-kill')], RUN, folder);
    addToRecord(all, [resultOf(id, { recoveryMs: 1_000 })], '2026-12-01 4567def seed 2', folder);
    expect(readRecord(all, folder)).toEqual([
      { id, run: '2026-12-01 4567def seed 2', seconds: 1 },
      { id: 'stopObproxy/StopObproxy/api-kill', run: RUN },
    ]);
  });

  it('holds the whole matrix in 200 kB, and gives it back', () => {
    const results = all.map(({ id }) => resultOf(id, { recoveryMs: 12_300 }));
    addToRecord(all, results, RUN, folder);
    expect(new Set(readRecord(all, folder).map(({ id }) => id))).toEqual(new Set(all.map(({ id }) => id)));
    const bytes = readdirSync(folder).reduce((sum, name) => sum + textOf(name.replace('.txt', '')).length, 0);
    expect(bytes).toBeLessThan(200_000);
  });

  it('forgets what is named, and nothing else', () => {
    const named = casesOf('stopObproxy/StopObproxy');
    const ids = casesOf('stopObproxy').map(({ id }) => id);
    addToRecord(
      all,
      [...ids, 'startObproxy/WaitNode.1/api-kill'].map((id) => resultOf(id)),
      RUN,
      folder,
    );
    const before = readRecord(all, folder).length;
    expect(forget(all, named, folder)).toBe(named.length);
    const left = readRecord(all, folder).map(({ id }) => id);
    expect(left.length).toBe(before - named.length);
    expect(left.filter((id) => id.startsWith('stopObproxy/StopObproxy/'))).toEqual([]);
  });

  it('leaves no file of an operation of which it has nothing', () => {
    addToRecord(all, [resultOf('stopObproxy/StopObproxy/api-kill')], RUN, folder);
    forget(all, casesOf('stopObproxy'), folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('has nothing of a line that somebody deletes, nor of a subtask that is no more', () => {
    addToRecord(all, [resultOf('stopObproxy/StopObproxy/api-kill')], RUN, folder);
    const text = textOf('stopObproxy').replace(/^StopObproxy /m, 'StoppedBefore ');
    writeFileSync(path.join(folder, 'stopObproxy.txt'), text);
    expect(readRecord(all, folder)).toEqual([]);
  });

  it('is shown by operation and fault, with how many cases there are', () => {
    addToRecord(
      all,
      [
        resultOf('stopObproxy/StopObproxy/api-kill', { recoveryMs: 2_000 }),
        resultOf('stopObproxy/WaitNode.1/api-kill', { recoveryMs: 9_000 }),
      ],
      RUN,
      folder,
    );
    const line = recordTable(readRecord(all, folder), all)
      .split('\n')
      .find((one) => one.startsWith('| stopObproxy |'));
    const count = (pattern: string) => casesOf(pattern).length;
    expect(line).toContain(`| 2/${count('stopObproxy')} |`);
    expect(line).toContain(`| 2/${count('stopObproxy/*/api-kill')} 9.0 / 9.0 |`);
  });
});

it('cases come in the order of the patterns that name them', () => {
  const names = matching(all, ['stopObproxy/StopObproxy', 'addObproxy'], []).map(
    ({ operation }) => operation.name,
  );
  expect([...new Set(names)]).toEqual(['stopObproxy', 'addObproxy']);
});
