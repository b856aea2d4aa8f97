import { createLoggerTo } from '../../runtime/logger';

function logged(
  log: (logger: ReturnType<typeof createLoggerTo>) => void,
  level = 'info',
): Record<string, unknown>[] {
  const lines: string[] = [];
  log(createLoggerTo({ write: (line) => lines.push(line) }, 'api', level));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('Log', () => {
  it('writes one JSON line an event with time, level and component', () => {
    const [line] = logged((log) => log.info({ taskId: 33001 }, 'started'));
    expect(line).toMatchObject({ level: 'info', component: 'api', taskId: 33001, msg: 'started' });
    expect(line?.time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('hides values under secret-looking keys at any depth', () => {
    const [line] = logged((log) =>
      log.info({ user: { name: 'admin', password: 'hunter2' }, list: [{ privateKey: 'hunter2' }] }, 'x'),
    );
    expect(JSON.stringify(line)).not.toContain('hunter2');
    expect(line).toMatchObject({ user: { name: 'admin', password: '[hidden]' } });
  });

  it('hides the password of a URL in texts and values', () => {
    const [line] = logged((log) =>
      log.warn({ url: 'postgres://ob:hunter2@db/x' }, 'postgres://ob:hunter2@db/x'),
    );
    expect(JSON.stringify(line)).not.toContain('hunter2');
    expect(line?.msg).toBe('postgres://ob:[hidden]@db/x');
  });

  it('keeps the text and stack of an error', () => {
    const [line] = logged((log) => log.error(new Error('disk full')));
    expect(line).toMatchObject({ err: { message: 'disk full', type: 'Error' } });
  });

  it('drops what is below its level', () => {
    expect(logged((log) => log.debug('x'))).toEqual([]);
    expect(logged((log) => log.error('x'), 'silent')).toEqual([]);
  });
});
