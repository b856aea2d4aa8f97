/**
 * A process of its own that works on an inventory, for the tests of what several of them may do to one database.
 * argv: command, database URL, master key file, argument. Waits for a line on stdin before it acts, prints
 * `ready` before that and one JSON value a line after it.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { openStore } from '../../store';
import { connectDatabase, migrate } from '../../store/database/database';
import type { Store } from '../../store/types';

const [command = '', databaseUrl = '', masterKeyFile = '', argument = ''] = process.argv.slice(2);

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function line(text: string) {
  const time = new Date().toISOString();
  return { subtaskId: 1, run: 1, operation: 'EXECUTE', time, level: 'INFO' as const, text };
}

const commands: Record<string, (store: Store) => Promise<void>> = {
  /** Takes one lock for task `argument`. */
  async take(store) {
    print((await store.locks.take(Number(argument), ['host/1'], [])) ?? 'taken');
  },
  /** 300 log lines, one statement each. */
  async insert(store) {
    for (let number = 0; number < 300; number += 1) {
      await store.tasks.appendLog(1, [line(`${argument} ${number}`)]);
    }
    print('done');
  },
  /** Tasks in transactions, for ever, each id printed once the database has acknowledged it. */
  async write(store) {
    const { plan } = await import('./plan');
    for (;;) {
      const id = await store.transaction(async (inside) => {
        const taskId = await inside.sequences.next('task');
        await inside.tasks.add({ plan: plan(taskId), workflowType: 'addObproxy' });
        await inside.locks.take(taskId, [`task/${taskId}`], []);
        return taskId;
      });
      print(id);
    }
  },
  /** Single writes and transactions on a disk that may be slow; prints what they took and how long the event loop stood still. */
  async delays(store) {
    const delays = monitorEventLoopDelay({ resolution: 1 });
    delays.enable();
    const began = performance.now();
    for (let number = 0; number < 3; number += 1) {
      await store.tasks.appendLog(1, [line(`${number}`)]);
      await store.sequences.next('task');
    }
    const took = performance.now() - began;
    print({ took, longest: delays.max / 1e6 });
  },
  /** Nothing but opening it. */
  async open() {
    print('opened');
  },
};

/** Brings the schema up to date with little patience for locks; prints `waiting` first when it had to wait. */
async function migrateOnly(): Promise<void> {
  const database = connectDatabase(databaseUrl, { lockTimeoutMs: 100 });
  try {
    const onWaiting = () => print('waiting');
    print((await migrate(database, { onWaiting, waitingAfterMs: 500 })).length);
  } finally {
    await database.db.destroy();
  }
}

async function main(): Promise<void> {
  print('ready');
  await new Promise((resolve) => createInterface(process.stdin).once('line', resolve));
  if (command === 'migrate') {
    await migrateOnly();
    process.stdin.destroy();
    return;
  }
  const store = await openStore({ databaseUrl, masterKeyFile });
  await commands[command]?.(store);
  await store.close();
  process.stdin.destroy();
}

main().catch((error: unknown) => {
  print({ failed: error instanceof Error ? error.message : String(error) });
  process.exit(1);
});
