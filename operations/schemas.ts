/** Fields that several documented requests share. Texts of the checks reach `error.subErrors[]`. */
import { z } from 'zod';
import { parsePackageName } from '../oceanbase/packageName';
import { nameFault, valueFault } from '../oceanbase/parameters';
import { passwordFault } from '../oceanbase/passwords';

/** An id OCP gave out: 1 to 2^53 - 1, beyond which JSON numbers lose digits. */
export const Id = z.int('must be a whole number from 1 to 9007199254740991').min(1, 'must be at least 1');

/** An id in a path or query: `wire` is how the API document shows it. */
export const IdText = z
  .string()
  .regex(/^[0-9]{1,16}$/, 'must be a whole number from 1 to 9007199254740991')
  .transform(Number)
  .pipe(Id)
  .meta({ wire: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } });

/** Ports of services; OCP allows (1024, 65535]. */
export const ServicePort = z
  .int('must be a whole number from 1025 to 65535')
  .min(1025, 'must be at least 1025')
  .max(65535, 'must be at most 65535');

/** Access port of a virtual address or domain: any port. */
export const AccessPort = z
  .int('must be a whole number')
  .min(1, 'must be at least 1')
  .max(65535, 'must be at most 65535');

/** An OBProxy cluster's name becomes `app_name`, part of a URL and a label. OCP's page wants a letter first. */
export const ObproxyClusterName = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/,
    'must begin with a letter and hold at most 64 letters, digits, "_", "." or "-"',
  );

/** Path parameters `{id}`. */
export const IdPath = z.object({ id: IdText });

/** Hosts of one request; docs/scaling.md says what was run. */
export const MOST_HOSTS = 2_000;

/** Host ids of a request, each once. */
export const HostIds = z
  .array(Id)
  .max(MOST_HOSTS, `must name at most ${MOST_HOSTS} hosts`)
  .superRefine((ids, context) => {
    ids.forEach((id, index) => {
      if (ids.indexOf(id) !== index) {
        context.addIssue({
          code: 'custom',
          path: [index],
          message: `names host ${id} a second time`,
          input: id,
        });
      }
    });
  });

/** Full file name of a package, `name-version-release.arch.rpm`. */
export const PackageFileName = z
  .string('must be the full file name of an uploaded package')
  .refine(
    (name) => parsePackageName(name) !== undefined,
    'must be the full file name of an uploaded package, e.g. "obproxy-1.9.1.1-1919579.el7.x86_64.rpm"',
  );

/** Checks a text by a function that says what is wrong with it. */
function text(fault: (value: string) => string | undefined): z.ZodType<string> {
  return z.string('must be a string').superRefine((value, context) => {
    const message = fault(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message, input: value });
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
          message: `names ${parameter.name} a second time`,
          input: parameter.name,
        });
      }
    });
  });

const CONTROL = /\p{Cc}/u;

/** Free text in queries: no control characters (PostgreSQL refuses NUL). */
export const QueryText = z
  .string('must be given once')
  .max(256, 'must have at most 256 characters')
  .refine((value) => !CONTROL.test(value), 'must not hold control characters')
  .meta({ pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$' });

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
        message: `must differ from ${String(same.field.at(-1))} (both ${port})`,
        input: port,
      });
    }
  });
}

/** Name of a user of obflow; HTTP Basic allows no colon in it. */
export const UserName = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_.-]{1,63}$/,
    'must begin with a letter and hold 2 to 64 letters, digits, "_", "." or "-"',
  );

/** Length is what guessing meets; rules about characters make people write passwords down. */
export const NewPassword = z
  .string()
  .min(8, 'must have at least 8 characters')
  .max(256, 'must have at most 256 characters')
  .refine((value) => !CONTROL.test(value), 'must not hold control characters');
