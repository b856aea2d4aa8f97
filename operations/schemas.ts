/** Fields that several documented requests share. Texts of the checks reach `error.subErrors[]`. */

import { isIP } from 'node:net';
import { z } from 'zod';
import { parsePackageName } from '../oceanbase/packageName';
import { nameFault, valueFault } from '../oceanbase/parameters';
import { passwordFault } from '../oceanbase/passwords';
import { canonicalHost } from '../runtime/addressText';
import { asFault, fault } from '../runtime/messages/catalogue';
import type { Text } from '../workflows/text';
import { AT_TERMINAL } from './terminal';

const MAX_ID = '9007199254740991';

/** An id OCP gave out: 1 to 2^53 - 1, beyond which JSON numbers lose digits. */
export const Id = z
  .int(fault('must.wholeWithin', { min: 1, max: MAX_ID }))
  .min(1, fault('must.atLeast', { limit: 1 }));

/** An id in a path or query: `wire` is how the API document shows it. */
export const IdText = z
  .string()
  .regex(/^[0-9]{1,16}$/, fault('must.wholeWithin', { min: 1, max: MAX_ID }))
  .transform(Number)
  .pipe(Id)
  .meta({ wire: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } });

/** Ports of services; OCP allows (1024, 65535]. */
export const ServicePort = z
  .int(fault('must.wholeWithin', { min: 1025, max: 65535 }))
  .min(1025, fault('must.atLeast', { limit: 1025 }))
  .max(65535, fault('must.atMost', { limit: 65535 }));

/** Access port of a virtual address or domain: any port. */
export const AccessPort = z
  .int(fault('must.whole'))
  .min(1, fault('must.atLeast', { limit: 1 }))
  .max(65535, fault('must.atMost', { limit: 65535 }));

/** Virtual address or domain by which clients reach an OBProxy cluster; '' is none. */
export const AccessAddress = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9._:-]*$/, fault('must.ipOrDomain'));

/** An OBProxy cluster's name becomes `app_name`, part of a URL and a label. OCP's page wants a letter first. */
export const ObproxyClusterName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/, fault('must.nameUpTo', { limit: 64 }));

/** An address of a host, IPv6 in its shortest form. */
export const HostIp = z
  .string(fault('must.string'))
  .refine((value) => isIP(value) !== 0 && !value.includes('%'), fault('must.ip'))
  .overwrite(canonicalHost);

/** Path parameters `{id}`. */
export const IdPath = z.object({ id: IdText });

/** Hosts of one request; docs/scaling.md says what was run. */
export const MOST_HOSTS = 2_000;

/** Ids of a request, each once and at most so many. The texts are those of `fault`. */
export function idsOnce(most: number, tooMany: string, twice: (id: number) => string) {
  return z
    .array(Id)
    .max(most, tooMany)
    .superRefine((ids, context) => {
      ids.forEach((id, index) => {
        if (ids.indexOf(id) === index) return;
        context.addIssue({ code: 'custom', path: [index], message: twice(id), input: id });
      });
    });
}

/** Host ids of a request, each once. */
export const HostIds = idsOnce(MOST_HOSTS, fault('must.hostsAtMost', { limit: MOST_HOSTS }), (id) =>
  fault('names.hostTwice', { id }),
).register(AT_TERMINAL, { names: 'host' });

/** Full file name of a package, `name-version-release.arch.rpm`. */
export const PackageFileName = z
  .string(fault('must.packageFileName'))
  .refine(
    (name) => parsePackageName(name) !== undefined,
    fault('must.packageFileNameLike', { example: '"obproxy-1.9.1.1-1919579.el7.x86_64.rpm"' }),
  )
  .register(AT_TERMINAL, { names: 'package' });

/** Checks a text by a function that says what is wrong with it. */
export function text(wrong: (value: string) => Text | undefined): z.ZodType<string> {
  return z.string(fault('must.string')).superRefine((value, context) => {
    const said = wrong(value);
    if (said !== undefined) context.addIssue({ code: 'custom', message: asFault(said), input: value });
  });
}

const ObproxyParameter = z.object({ name: text(nameFault), value: text(valueFault) });

/** Password of root@proxysys, in OCP's format (ODP21106). */
export const ProxysysPassword = text(passwordFault);

/** A list of parameters, each name once. */
export const ObproxyParameters = z
  .array(ObproxyParameter)
  .max(400)
  .superRefine((parameters, context) => {
    parameters.forEach((parameter, index) => {
      if (parameters.findIndex((other) => other.name === parameter.name) !== index) {
        context.addIssue({
          code: 'custom',
          path: [index, 'name'],
          message: fault('names.twice', { name: parameter.name }),
          input: parameter.name,
        });
      }
    });
  });

const CONTROL = /\p{Cc}/u;

/** Free text in queries: no control characters (PostgreSQL refuses NUL). */
export const QueryText = z
  .string(fault('must.once'))
  .max(256, fault('must.charactersAtMost', { limit: 256 }))
  .refine((value) => !CONTROL.test(value), fault('must.notHoldControls'))
  .meta({ pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$' });

/**
 * The name of a region, an IDC or a host type, in any script; the inventory file takes the same. Names reach labels of
 * metrics and texts for people, so nothing in them means something elsewhere.
 */
export const PlaceName = z
  .string(fault('must.string'))
  .regex(
    /^[\p{L}\p{N}](?:[\p{L}\p{N}._@ -]{0,126}[\p{L}\p{N}._@-])?$/u,
    fault('must.placeName', { limit: 128 }),
  )
  .meta({
    // Regular expressions of clients often know no \p.
    wire: { type: 'string', pattern: '^[A-Za-z0-9]([A-Za-z0-9._@ -]{0,126}[A-Za-z0-9._@-])?$' },
    description: 'Letters and digits of any script are taken.',
  });

/** What people say about something; empty: nothing. */
export const Description = z
  .string(fault('must.string'))
  .max(256, fault('must.charactersAtMost', { limit: 256 }))
  .refine((value) => !CONTROL.test(value), fault('must.notHoldControls'))
  .transform((value) => (value === '' ? null : value))
  .meta({ wire: { type: 'string', maxLength: 256 } });

/** Reports every pair of equal ports at the later field. */
export function refuseEqualPorts(
  ports: readonly { readonly field: readonly (string | number)[]; readonly port: number | undefined }[],
  context: z.RefinementCtx,
): void {
  ports.forEach(({ field, port }, index) => {
    const same = ports.slice(0, index).find((other) => port !== undefined && other.port === port);
    if (same !== undefined) {
      context.addIssue({
        code: 'custom',
        path: [...field],
        message: fault('must.differ', { field: String(same.field.at(-1)), port: String(port) }),
        input: port,
      });
    }
  });
}

/** Name of a user of obflow; HTTP Basic allows no colon in it. */
export const UserName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_.-]{1,63}$/, fault('must.name', { min: 2, max: 64 }));

/** Length is what guessing meets; rules about characters make people write passwords down. */
export const NewPassword = z
  .string()
  .min(8, fault('must.charactersAtLeast', { limit: 8 }))
  .max(256, fault('must.charactersAtMost', { limit: 256 }))
  .refine((value) => !CONTROL.test(value), fault('must.notHoldControls'));

/** The dist tag of a package, as in `el7`. */
export const DistTag = z.string().regex(/^[a-z][a-z0-9_]{0,31}$/, fault('must.distTag', { example: 'el7' }));
