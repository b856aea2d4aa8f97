import {
  canHandOver,
  exitTimeoutMs,
  isReady,
  milliseconds,
  parseUpgradeInfo,
} from '../../oceanbase/handOver';

describe('What a proxy tells of a hot restart', () => {
  // Made from DEF_TO_STRING(ObHotUpgraderInfo) of OBProxy's source; the words of states are quoted there.
  const text = (words: string) =>
    `{info:{${words}, upgrade_version:0, rc_status:"", hu_cmd:"", hu_status:"", argv[0]="./bin/obproxy"}}`;

  test.each([
    ['is_inherited:false, need_conn_accept:true, state:"HU_STATE_WAIT_HU_CMD"', true],
    ['is_inherited:true, need_conn_accept:true, state:HU_STATE_WAIT_HU_CMD', true],
    ['is_inherited:false, need_conn_accept:false, state:"HU_STATE_WAIT_HU_CMD"', false],
    ['is_inherited:false, need_conn_accept:false, state:"HU_STATE_WAIT_LOCAL_CR_FINISH"', false],
    ['is_inherited:0, state:"HU_STATE_FORK_NEW_PROXY"', false],
  ])('%s: ready %p', (words, ready) => {
    const info = parseUpgradeInfo(text(words))!;
    expect(info.inherited).toBe(words.startsWith('is_inherited:true'));
    expect(isReady(info)).toBe(ready);
  });

  test('a text without these words tells nothing', () => {
    expect(parseUpgradeInfo('hot upgrade info')).toBeUndefined();
    expect(parseUpgradeInfo(text('is_inherited:true'))).toBeUndefined();
  });
});

test.each([
  ['5s', 5_000],
  ['100ms', 100],
  ['24h', 86_400_000],
  ['30d', 2_592_000_000],
  ['60', 60_000],
  ['1 m', 60_000],
  ['soon', undefined],
  ['', undefined],
])('%p is %p milliseconds', (value, expected) => {
  expect(milliseconds(value)).toBe(expected);
});

test.each([
  ['30000000', 30_000],
  ['0', 0],
  ['-1', Number.POSITIVE_INFINITY],
  ['', 30_000],
  [undefined, 30_000],
])('an exit timeout of %p is %p milliseconds', (value, expected) => {
  expect(exitTimeoutMs(value)).toBe(expected);
});

test.each([
  ['3.2.0', false],
  ['3.2.1', true],
  ['2.10.0', false],
  ['4.3.1.0-4', true],
])('%s hands over: %p', (version, can) => {
  expect(canHandOver(version)).toBe(can);
});
