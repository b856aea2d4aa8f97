import { z } from 'zod';
import { setting } from './setting';

const port = (meaning: string) =>
  z
    .string()
    .regex(/^\d{1,5}$/, `must be a port, 0 to 65535 (${meaning})`)
    .transform(Number)
    .refine((value) => value <= 65535, `must be a port, 0 to 65535 (${meaning})`);

/** Of the Temporal server that `obflow up` starts when no other one is named. */
export const DEV_SERVER_SETTINGS = {
  temporalPort: setting('OBFLOW_TEMPORAL_PORT', {
    schema: port('the own dev server'),
    byDefault: '7233',
    meaning: 'port of the own dev server (0 = any free one)',
  }),
  temporalUiPort: setting('OBFLOW_TEMPORAL_UI_PORT', {
    schema: port('its Web UI'),
    byDefault: '8233',
    meaning: 'port of its Web UI (0 = any free one)',
  }),
  /** See runtime/temporalCli.ts. */
  temporalCli: setting('OBFLOW_TEMPORAL_CLI', {
    schema: z.string(),
    shown: 'PATH, then cache, then download',
    meaning: 'the temporal command that runs the own dev server',
  }),
};
