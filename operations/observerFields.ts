/** Fields of requests that install OBServers. */
import { z } from 'zod';
import { capacityBytes } from '../oceanbase/clusterParameters';
import { isZoneName } from '../oceanbase/clusterSql';
import { observerNameFault, observerValueFault } from '../oceanbase/observerCommandLine';
import { fault, say } from '../runtime/messages/catalogue';
import { text } from './schemas';

export const ZoneName = text((name) =>
  isZoneName(name) ? undefined : say('must.name', { min: 2, max: 64 }),
);

/** Of a processor, as `uname -m` says it. */
export const Architecture = z
  .string(fault('must.string'))
  .regex(/^[A-Za-z0-9_]{1,32}$/, fault('must.oneOf', { values: 'x86_64, aarch64' }));

const LEAST_MEMORY = 1024 ** 3;

/** OceanBase's own range of memory_limit: with less no observer starts (4.3.5.3, `Range: 0, [1G,)`). */
function isTooSmall(name: string, value: string): boolean {
  const bytes = name.toLowerCase() === 'memory_limit' ? capacityBytes(value) : undefined;
  return bytes !== undefined && bytes > 0 && bytes < LEAST_MEMORY;
}

/** Parameters of a first start, each name once. */
export const StartupParameters = z
  .array(z.object({ name: text(observerNameFault), value: text(observerValueFault) }))
  .max(400)
  .superRefine((parameters, context) => {
    parameters.forEach(({ name }, index) => {
      if (parameters.findIndex((other) => other.name === name) === index) return;
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: fault('names.twice', { name }),
        input: name,
      });
    });
    parameters.forEach(({ name, value }, index) => {
      if (!isTooSmall(name, value)) return;
      const message = fault('must.beInRange', { range: '0, [1G, )' });
      context.addIssue({ code: 'custom', path: [index, 'value'], message, input: value });
    });
  });
