/** Fields of requests that install OBServers. */
import { z } from 'zod';
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
  });
