/** What our code may rely on in an OBProxy; run against the stand-in, and against OBFLOW_REAL_OBPROXY when it is set. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Connection } from 'mysql2/promise';
import { EXCHANGES, type Exchange } from './exchanges';
import { errnoOf, PASSWORD, ProxyHome, subjects } from './proxyHome';

async function expectOutcome(connection: Connection, { sql, outcome }: Exchange): Promise<void> {
  if ('error' in outcome) expect(await errnoOf(connection.query(sql))).toBe(outcome.error);
  else if ('dropped' in outcome)
    await expect(connection.query(sql)).rejects.toMatchObject({ code: 'PROTOCOL_CONNECTION_LOST' });
  else {
    const [answer, fields] = await connection.query(sql);
    if ('ok' in outcome) return;
    if ('many' in outcome) {
      expect((answer as unknown[]).length).toBeGreaterThan(1);
      expect(fields?.map(({ name }) => name)).toEqual(outcome.columns);
      return;
    }
    expect(answer).toMatchObject(outcome.rows);
    expect(answer).toHaveLength(outcome.rows.length);
    if (outcome.columns !== undefined) expect(fields?.map(({ name }) => name)).toEqual(outcome.columns);
  }
}

describe.each(subjects())('$name', ({ real: binary }) => {
  let home: ProxyHome;

  beforeAll(async () => {
    home = await ProxyHome.make(binary === undefined ? {} : { real: binary });
    await home.launch(home.firstOptions());
    await home.ready();
  });
  afterAll(() => home?.remove());

  test.each(EXCHANGES.map((exchange) => ({ ...exchange, shown: exchange.sql.slice(0, 70) })))(
    'answers `$shown` as $source: $why',
    async (exchange) => {
      const connection = await home.connect();
      try {
        await expectOutcome(connection, exchange);
      } finally {
        connection.destroy();
      }
    },
  );

  test('refuses a wrong password and no password with 1045, and greets as 5.6.25', async () => {
    expect(await errnoOf(home.connect('wrong'))).toBe(1045);
    expect(await errnoOf(home.connect(''))).toBe(1045);
    const connection = await home.connect(PASSWORD, { user: 'root@proxysys#obtest' });
    const greeting = connection as unknown as { connection: { _handshakePacket: { serverVersion: string } } };
    expect(greeting.connection._handshakePacket.serverVersion).toBe('5.6.25');
    connection.destroy();
  });

  test('greets every connection with the same scramble', async () => {
    const scrambles = new Set<string>();
    for (let count = 0; count < 3; count++) {
      const connection = await home.connect();
      const { _handshakePacket: packet } = (
        connection as unknown as {
          connection: { _handshakePacket: { authPluginData1: Buffer; authPluginData2: Buffer } };
        }
      ).connection;
      scrambles.add(Buffer.concat([packet.authPluginData1, packet.authPluginData2]).toString('hex'));
      connection.destroy();
    }
    expect(scrambles.size).toBe(1);
  });

  test('sends users of an unknown cluster away with 4669, and drops others when no server answers', async () => {
    expect(await errnoOf(home.connect('x', { user: 'root@sys#elsewhere' }))).toBe(4669);
    await expect(home.connect('x', { user: 'root@sys#obtest' })).rejects.toMatchObject({
      code: 'PROTOCOL_CONNECTION_LOST',
    });
    expect(await errnoOf(home.connect('x', { user: 'proxyro@sys' }))).toBe(1045);
  });

  test('answers a ping and closes the connection when told to use a database', async () => {
    const connection = await home.connect();
    await connection.ping();
    const { stream } = (connection as unknown as { connection: { stream: Socket } }).connection;
    const closed = once(stream, 'close');
    const command = Buffer.from('\x02oceanbase');
    stream.write(Buffer.concat([Buffer.from([command.length, 0, 0, 0]), command]));
    await closed;
    connection.destroy();
  });

  test('serves metrics without a login', async () => {
    const answer = await fetch(`http://127.0.0.1:${home.metricsPort}/metrics`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toMatch(/^# HELP /);
  });

  test('tells name, version and release of the binary', async () => {
    const [row] = await home.ask('show proxyinfo binary');
    expect(row?.info).toMatch(/ObProxy-OceanBase \d+\.\d+\.\d+(\.\d+)?-\d+/i);
  });
});
