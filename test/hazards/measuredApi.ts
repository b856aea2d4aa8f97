/** The API in a process of its own, so that memory and stalls are the server's alone. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { HttpSettings } from '../../runtime/httpSettings';
import { repositoryRoot } from '../../runtime/paths';
import { basic, PASSWORD } from '../api/harness';

/** Since the last time it was asked. */
export interface Measured {
  /** MiB of memory at the most beyond what it had when it was asked the last time. */
  readonly grown: number;
  /** Milliseconds at the most in which nothing else was served. */
  readonly stalled: number;
}

export interface MeasuredApi {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** Header of the administrator. */
  readonly authorization: string;
  measure(): Promise<Measured>;
  stop(): Promise<void>;
}

async function answerOf<T>(child: ChildProcess): Promise<T> {
  const answered = new AbortController();
  const { signal } = answered;
  try {
    const [answer] = await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`the API's process ended with ${code}`);
      }),
    ]);
    return answer as T;
  } finally {
    answered.abort();
  }
}

export async function startMeasuredApi(http: Partial<HttpSettings> = {}): Promise<MeasuredApi> {
  const child = fork(path.join(repositoryRoot(), 'dist/test/hazards/apiProcess.js'), {
    execArgv: ['--expose-gc'],
    env: {
      ...process.env,
      NODE_PATH: path.join(__dirname, '../../node_modules'),
      HTTP: JSON.stringify(http),
    },
  });
  const { url, dataDir } = await answerOf<{ url: string; dataDir: string }>(child);
  let had = 0;
  const measure = async (): Promise<Measured> => {
    const answer = answerOf<{ peak: number; now: number; stalled: number }>(child);
    child.send('measure');
    const { peak, now, stalled } = await answer;
    const grown = peak - had;
    had = now;
    return { grown, stalled };
  };
  const api: MeasuredApi = {
    url,
    port: Number(new URL(url).port),
    dataDir,
    authorization: basic('admin', PASSWORD),
    measure,
    async stop() {
      const gone = once(child, 'exit');
      child.send('stop');
      await gone;
    },
  };
  // What is loaded and compiled at the first request is not what the tests measure.
  await fetch(`${url}/api/v2/info`, { headers: { authorization: api.authorization } });
  await measure();
  return api;
}
