import { inventoryIds } from '../../sandbox/stack/stack';
import type { Json } from '../api/harness';
import { createCluster, describeWithStack, OBPROXY_1_9, uploaded } from './scene';

const TRACE = 'night-shift.7_a';
const PROXYSYS = 'pLanted_SYS.4711';

describeWithStack(
  'the log of API and worker',
  { hosts: 1, processes: 'split', env: { OBFLOW_LOG_LEVEL: 'debug' } },
  (stack) => {
    let lines: Json[];

    beforeAll(async () => {
      await stack().apply();
      const { api, fleet, parts } = stack();
      const version = await uploaded(stack(), OBPROXY_1_9);
      const clusterId = await createCluster(stack(), 'traced', { password: PROXYSYS });
      const { status, answer } = await api.send(
        'POST',
        `/api/v2/obproxy/clusters/${clusterId}/obproxies/batchAdd`,
        { hostIds: await inventoryIds(stack(), fleet.hosts), sqlPort: 2883, exporterPort: 2884, version },
        { 'x-trace-id': TRACE },
      );
      expect(status).toBe(200);
      const [task] = (answer as Json).data.contents;
      const [settled] = await api.settled([task.id]);
      expect(settled?.status).toBe('SUCCESSFUL');
      const text = `${parts.api?.output()}${parts.worker?.output()}`;
      lines = text
        .split('\n')
        .filter((line) => line.includes(TRACE))
        .map((line) => JSON.parse(line) as Json);
    }, 120_000);

    const having = (facts: object) =>
      expect.arrayContaining([expect.objectContaining({ traceId: TRACE, ...facts })]);

    it('leads by one grep from the request to the host', () => {
      const ip = stack().fleet.hosts[0]?.ip;
      const route = '/api/v2/obproxy/clusters/{id}/obproxies/batchAdd';
      expect(lines).toEqual(having({ msg: 'request', method: 'POST', route, status: 200, user: 'admin' }));
      expect(lines).toEqual(having({ msg: 'accepted', operation: 'addObproxy' }));
      expect(lines).toEqual(
        having({ msg: 'workflow started', workflowId: expect.stringMatching(/^task-\d+$/) }),
      );
      expect(lines).toEqual(having({ msg: 'Workflow started', sdkComponent: 'worker' }));
      const step = { activity: 'InstallRpmByPackageAndVersion', subtaskId: expect.any(Number), run: 1 };
      expect(lines).toEqual(having({ msg: 'subtask starts', ...step }));
      expect(lines).toEqual(having({ msg: 'host command asked for', host: ip, ...step }));
      expect(lines).toEqual(
        having({ msg: 'host command', host: ip, ...step, outcome: 'exited', exitCode: 0 }),
      );
      expect(lines).toEqual(
        having({ msg: 'host command', host: ip, activity: 'StartObproxy', look: 'observe' }),
      );
      expect(lines).toEqual(having({ msg: 'subtask succeeded', ms: expect.any(Number), ...step }));
    });

    it('says of every line about a task which request it belongs to', () => {
      const { api, worker } = stack().parts;
      const all = `${api?.output()}${worker?.output()}`.split('\n').filter((line) => line.startsWith('{'));
      const about = all
        .map((line) => JSON.parse(line) as Json)
        .filter(
          (line) => line.workflowId !== undefined || line.subtaskId !== undefined || line.host !== undefined,
        );
      expect(about.length).toBeGreaterThan(50);
      // Applying the inventory contacts hosts, which is a request too.
      expect(about.filter((line) => line.traceId === undefined)).toEqual([]);
    });

    it('is JSON on every line of stderr, and tells no password even at debug', () => {
      const { api, worker } = stack().parts;
      const text = `${api?.output()}${worker?.output()}`;
      const plain = text.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
      // What the command answers, on stdout.
      expect(
        plain.filter((line) => !/^(Data folder|Temporal|API|API documentation|ready): /.test(line)),
      ).toEqual([]);
      const { admin, sys, proxyro } = stack().secrets;
      for (const secret of [admin, sys, proxyro, PROXYSYS]) {
        for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
          expect(text.includes(form)).toBe(false);
        }
      }
      expect(text).not.toContain('PRIVATE KEY');
    });
  },
);
