import { z } from 'zod';
import { obproxyClusterById } from '../../operations/preconditions';
import { listParameters, readParameterInfo } from '../../operations/readObproxyParameters';
import { publishedSample } from '../../operations/samples';
import { IdPath, QueryText } from '../../operations/schemas';
import { listOf, Whole } from '../http/answers';
import { answerLanguage, spoken } from '../http/messages/language';
import { type ApiServices, type Route, route } from '../route';

const TYPES = ['BOOL', 'CAPACITY', 'DOUBLE', 'INT', 'MOMENT', 'STRING', 'STRING_LIST', 'TIME'] as const;

const Info = z
  .object({
    id: Whole.describe('Number in this answer.'),
    name: z.string(),
    version: z.string(),
    type: z.enum(TYPES).describe('As far as the value and the range tell it.'),
    allowedStringValues: z.string(),
    minValue: z.string().nullable(),
    maxValue: z.string().nullable(),
    defaultValue: z.string().nullable().describe('Null when the proxy that was asked has another value.'),
    needRestart: z.boolean(),
    readonly: z.boolean().describe('Not to be set by "Change parameters of an OBProxy cluster".'),
    description: z.string(),
    explanation: z.string().nullable(),
  })
  .meta({ id: 'ObproxyParameterInfo' });

const ClusterParameter = z
  .object({
    name: z.string(),
    description: z.string(),
    needReboot: z.boolean(),
    valueString: z.string().describe('All values, separated by commas.'),
    values: listOf(z.object({ value: z.string(), obproxies: listOf(z.string()) })).describe(
      'Every value, and the addresses of the OBProxies that have it.',
    ),
  })
  .meta({ id: 'ObproxyClusterParameter' });

/** Ours: who could not be asked. Documented is contents alone. */
const Silent = listOf(z.object({ obproxyServerId: Whole, ip: z.string(), reason: z.string() }));

export function obproxyParameterRoutes(services: ApiServices): Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/api/v2/obproxy/parameterInfo',
        permission: 'OBPROXY_VIEWER',
        tag: 'OBProxy',
        summary: 'Query the metadata of OBProxy parameters',
        description:
          'Asked of the OBProxies that run, one of each version. Nothing is known of versions of which none runs and answers.',
        query: z.object({
          name: QueryText.optional().describe('Exactly this parameter.'),
          version: QueryText.optional().describe('x.y.z, as OBProxies report it.'),
        }),
        answer: z.object({ contents: listOf(Info) }),
        sample: publishedSample('obproxy-parameter-info'),
      },
      async ({ query }) => {
        const infos = await readParameterInfo(services, query);
        return { contents: infos.map((info, index) => ({ id: index + 1, ...info, explanation: null })) };
      },
    ),
    route(
      {
        method: 'GET',
        path: '/api/v2/obproxy/clusters/{id}/parameters',
        permission: 'OBPROXY_VIEWER',
        tag: 'OBProxy',
        summary: 'Query the parameters of an OBProxy cluster',
        description:
          'Asked of the OBProxies that run; a parameter with several values differs among them. When none answers, the values ' +
          'are those that are recorded, of no OBProxy. Passwords are shown as ***.',
        params: IdPath,
        answer: z.object({ contents: listOf(ClusterParameter), silent: Silent.exactOptional() }),
        refuses: [404],
        sample: publishedSample('obproxy-cluster-parameters'),
      },
      async ({ params, request }) => {
        const cluster = await obproxyClusterById(services.store, params.id);
        const { parameters, asked } = await listParameters(services, cluster);
        const language = answerLanguage(request);
        const silent = asked.flatMap((one) =>
          'why' in one
            ? [{ obproxyServerId: one.server.id, ip: one.server.ip, reason: spoken(one.why, language) }]
            : [],
        );
        return {
          contents: parameters.map(({ values, ...parameter }) => ({
            ...parameter,
            valueString: values.map(({ value }) => value).join(','),
            values: values.map(({ value, obproxies }) => ({ value, obproxies: [...obproxies] })),
          })),
          ...(silent.length === 0 ? {} : { silent }),
        };
      },
    ),
  ];
}
