import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { HISTORIES, PARTS, recordedHistory } from '../support/histories';
import { sharedTemporal } from '../support/temporal';

beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
});

it('recorded histories, open ones included, still lead today’s workflows to the same commands', async () => {
  const { bundle } = await sharedTemporal();
  const names = [...HISTORIES, ...PARTS];
  const histories = names.map((name) => ({
    workflowId: name,
    history: recordedHistory(name).history,
  }));
  const replayed: string[] = [];
  const options = { workflowBundle: { codePath: bundle } };
  for await (const { workflowId, error } of Worker.runReplayHistories(options, histories)) {
    if (error !== undefined) throw new Error(`${workflowId}: ${error.message}`);
    replayed.push(workflowId);
  }
  expect(replayed.sort()).toEqual(names.sort());
});
