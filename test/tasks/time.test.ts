import { ocpTime } from '../../api/http/time';

it('prints milliseconds and the numeric offset of this server, and means the same moment', () => {
  const moment = Date.UTC(2021, 8, 3, 8, 25, 8, 4);
  expect(ocpTime(moment)).toMatch(/^2021-09-0\dT\d\d:\d5:08\.004[+-]\d\d:\d\d$/);
  expect(Date.parse(ocpTime(moment))).toBe(moment);
  expect(Date.parse(ocpTime('2021-09-03T16:25:08.004+08:00'))).toBe(moment);
});
