import type { DescribedParameter } from '../../oceanbase/obproxyAdmin';
import { isReadOnly, parameterInfo, typeFault, typeOf } from '../../oceanbase/parameterInfo';

const parameter = (
  value: string,
  range = '',
  more: Partial<DescribedParameter> = {},
): DescribedParameter => ({
  ...{ name: 'item', value, range, info: 'says what', needReboot: false, visibleLevel: 'USER' },
  ...more,
});

test.each([
  ['True', '', 'BOOL'],
  ['false', '', 'BOOL'],
  ['10', '[0,100]', 'INT'],
  ['6688', '(1024,65536)', 'INT'],
  ['8192', '[0,)', 'INT'],
  ['0.5', '[0,1]', 'DOUBLE'],
  ['60s', '[10s,1d]', 'TIME'],
  ['5ms', '[0s,1d]', 'TIME'],
  ['2G', '[100MB,100G]', 'CAPACITY'],
  ['1MB', '[1MB,10MB]', 'CAPACITY'],
  ['7', '', 'INT'],
  ['', '', 'STRING'],
  ['INFO', '', 'STRING'],
  ['[a', '[b', 'STRING'],
])('%s in %s is of type %s', (value, range, type) => {
  expect(typeOf(parameter(value, range))).toBe(type);
});

test.each([
  ['True', '', 'off', true],
  ['True', '', 'maybe', false],
  ['10', '[0,100]', '100', true],
  ['10', '[0,100]', '101', false],
  ['10', '[0,100]', '-1', false],
  ['10', '[0,100]', '1e2', false],
  ['6688', '(1024,65536)', '1024', false],
  ['6688', '(1024,65536)', '1025', true],
  ['8192', '[0,)', '9999999', true],
  ['30000000', '[-1,86400000000]', '-1', true],
  ['1ms', '[0, +∞]', '1000000', true],
  ['60s', '[10s,1d]', '10s', true],
  ['60s', '[10s,1d]', '9s', false],
  ['60s', '[10s,1d]', '1d', true],
  ['60s', '[10s,1d]', '25h', false],
  ['60s', '[10s,1d]', '600', true],
  ['60s', '[10s,1d]', '10 years', false],
  ['2G', '[100MB,100G]', '100M', true],
  ['2G', '[100MB,100G]', '99MB', false],
  ['2G', '[100MB,100G]', '101g', false],
  ['0.5', '[0,1]', '0.75', true],
  ['0.5', '[0,1]', '1.5', false],
  // Without a range nobody knows that it is a number.
  ['7', '', 'seven', true],
  ['INFO', '', 'anything', true],
])('%s in %s may become %s: %s', (value, range, wished, fits) => {
  expect(typeFault(parameter(value, range), wished) === undefined).toBe(fits);
});

test('nobody sets what is computed, what is a command, what the cluster owns, and passwords', () => {
  expect(isReadOnly(parameter('1'))).toBe(false);
  expect(isReadOnly(parameter('1', '', { visibleLevel: 'SYS' }))).toBe(false);
  expect(isReadOnly(parameter('1', '', { visibleLevel: 'virtual' }))).toBe(true);
  expect(isReadOnly(parameter('1', '', { visibleLevel: 'MEMORY' }))).toBe(true);
  expect(isReadOnly(parameter('2883', '', { name: 'listen_port' }))).toBe(true);
  expect(isReadOnly(parameter('x', '', { name: 'inspector_password' }))).toBe(true);
});

test('the default is known of a value that is not changed, and of no other', () => {
  const one = parameter('10', '[0,100]');
  expect(parameterInfo(one, new Set())).toMatchObject({ defaultValue: '10', minValue: '0', maxValue: '100' });
  expect(parameterInfo(one, new Set(['item'])).defaultValue).toBeNull();
  expect(parameterInfo(one, undefined).defaultValue).toBeNull();
  expect(
    parameterInfo(parameter('a'.repeat(40), '', { name: 'obproxy_sys_password' }), new Set()),
  ).toMatchObject({
    ...{ defaultValue: null, readonly: true, allowedStringValues: '[]' },
  });
});
