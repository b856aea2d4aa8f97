import { spawnSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { createLoggerTo, prettyTo } from '../../runtime/logger';
import { repositoryRoot } from '../../runtime/paths';
import { inTrace } from '../../runtime/trace';

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

  it('shows of an error type, text, code and cause, not what a driver adds', () => {
    const cause = Object.assign(new TypeError('postgres://ob:hunter2@db/x refused'), { hint: 'hunter2' });
    const error = Object.assign(new Error('Access denied', { cause }), {
      code: 'ER_ACCESS_DENIED',
      sql: "ALTER USER x IDENTIFIED BY 'hunter2'",
      parameters: ['hunter2'],
    });
    const [line] = logged((log) => log.error({ err: error }, 'failed'));
    expect(line).toMatchObject({
      err: {
        type: 'Error',
        message: 'Access denied',
        code: 'ER_ACCESS_DENIED',
        cause: { type: 'TypeError' },
      },
    });
    expect(JSON.stringify(line)).not.toContain('hunter2');
  });

  it('says on every line of a request which one it is, in what it awaits too, and not on others', async () => {
    const lines: string[] = [];
    const log = createLoggerTo({ write: (line) => lines.push(line) }, 'api', 'info');
    const work = async (name: string) => {
      await new Promise((resolve) => setImmediate(resolve));
      log.info({ name }, 'worked');
    };
    await Promise.all([
      inTrace({ traceId: 'one' }, () => inTrace({ taskId: 7 }, () => work('a'))),
      inTrace({ traceId: 'two' }, () => work('b')),
      work('c'),
    ]);
    const facts = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(facts.map(({ name, traceId, taskId }) => [name, traceId, taskId])).toEqual([
      ['a', 'one', 7],
      ['b', 'two', undefined],
      ['c', undefined, undefined],
    ]);
  });

  it.each([
    ['json', /^\{.*"msg":"hello"/],
    ['pretty', /INFO.*hello/],
    ['', /^\{.*"msg":"hello"/],
  ])('off a terminal is written as asked for by "%s"', (format, form) => {
    const logger = path.join(repositoryRoot(), 'dist/runtime/logger.js');
    const program = `require(${JSON.stringify(logger)}).createLogger('x', 'info', ${JSON.stringify(format)} || undefined).info('hello')`;
    expect(spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' }).stderr).toMatch(form);
  });

  it('for people is one line an event, with date, machine, facts, and of an error where it comes from', () => {
    let text = '';
    const stream = new Writable({
      write(chunk, _encoding, done) {
        text += String(chunk);
        done();
      },
    });
    const log = createLoggerTo(prettyTo(stream), 'api', 'info');
    log.info({ taskId: 33001, host: '10.0.0.1', list: [1], why: 'two words' }, 'first line\nsecond line');
    const error = Object.assign(new Error('disk full'), {
      code: 'ENOSPC',
      cause: new TypeError('the cause'),
    });
    log.error({ err: error }, 'failed');
    const [first = '', second = '', ...rest] = text.split('\n');
    const begin = (level: string) =>
      `^\\[\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3}\\] ${level}: ${os.hostname()} api: `;
    expect(first).toMatch(
      new RegExp(
        `${begin('INFO')}first line ⏎ second line taskId=33001 host=10\\.0\\.0\\.1 list=\\[1\\] why="two words"$`,
      ),
    );
    expect(second).toMatch(
      new RegExp(
        `${begin('ERROR')}failed err=Error: disk full \\(ENOSPC\\) at .*, because TypeError: the cause at `,
      ),
    );
    expect(rest).toEqual(['']);
  });

  it('drops what is below its level', () => {
    expect(logged((log) => log.debug('x'))).toEqual([]);
    expect(logged((log) => log.error('x'), 'silent')).toEqual([]);
  });
});
