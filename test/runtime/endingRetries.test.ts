import { connectTemporal } from '../../runtime/temporal';
import { startTcpProxy } from '../support/tcpProxy';
import { sharedTemporal } from '../support/temporal';

describe('A connection to Temporal that is closed', () => {
  test('ends the calls that were about to be repeated, and refuses new ones', async () => {
    const [host = '', port = ''] = (await sharedTemporal()).address.split(':');
    const proxy = await startTcpProxy({ host, port: Number(port) });
    const temporal = await connectTemporal({ address: proxy.address });
    const describeIt = () => temporal.connection.workflowService.describeNamespace({ namespace: 'default' });
    await describeIt();
    // Connections are refused from here on: the call fails at once and waits for its next try, for seconds in all.
    await proxy.stop();
    const pending = describeIt().catch((error: unknown) => error);
    await temporal.close();
    for (const refused of [await pending, await describeIt().catch((error: unknown) => error)]) {
      expect(refused).toMatchObject({ code: 1, details: 'the connection to Temporal was closed' });
    }
  });
});
