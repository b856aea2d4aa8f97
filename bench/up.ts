import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startObflow } from '../sandbox/stack/process';
import { freePort } from '../sandbox/stack/stack';
import { type BenchResult, result, timed } from './measure';

/** (n) `obflow up`, Temporal dev server included, from its start to the line `ready:`; the data folder has been used before. */
export async function benchUp(rounds: number): Promise<BenchResult[]> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'obflow-up-'));
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^TEMPORAL_/.test(name))),
    OBFLOW_DATA_DIR: dataDir,
    OBFLOW_LISTEN: `127.0.0.1:${await freePort()}`,
    OBFLOW_TEMPORAL_PORT: String(await freePort()),
    OBFLOW_TEMPORAL_UI_PORT: String(await freePort()),
  };
  const times: number[] = [];
  try {
    for (let round = 0; round <= rounds; round++) {
      const up = startObflow(['up'], env, path.join(dataDir, 'up.log'));
      const ms = await timed(() => up.line(/^ready: /));
      await up.stop();
      if (round > 0) times.push(ms / 1000);
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
  return [result('(n) `obflow up`, from its start to ready', 's', times, '<= 1')];
}
