/** Whether parameters of a request can be set on the OBProxies of a cluster, by what these say of them. */
import type { Asked } from '../contact/askObproxies';
import type { DescribedParameter } from '../oceanbase/obproxyAdmin';
import { isReadOnly, typeFault } from '../oceanbase/parameterInfo';
import type { ParameterValue } from '../oceanbase/parameters';
import { addressText } from '../runtime/addressText';
import { joined, say } from '../runtime/messages/catalogue';
import type { ObproxyClusterRow } from '../store/types';
import { fieldRefusal } from './preconditions';
import { Refusal } from './refusal';
import type { HostFinding } from './types';

/** A parameter under the name that the proxies have for it. */
export type ParameterWish = ParameterValue;

export interface KnownParameters {
  readonly wishes: readonly ParameterWish[];
  /** Names of those that take effect at a restart only. */
  readonly waiting: readonly string[];
  /** What was accepted all the same: proxies that did not answer, or do not know a parameter. */
  readonly findings: readonly HostFinding[];
}

type Answer = { readonly server: { readonly id: number }; readonly answer: readonly DescribedParameter[] };

/** Fields are named as the client wrote them: `[0].value` in a list, `parameters[0].value` in an object. */
interface WrittenParameters {
  readonly parameters: readonly ParameterValue[];
  readonly form: 'list' | 'object';
}

/**
 * @throws Refusal ODP21115 for a cluster without proxies, ODP21017 when none is RUNNING, 503 when none of them answers, COM10001 for
 * a name that none of them knows, a value of another type or out of range, ODP21105 for what nobody sets
 */
export function knownParameters(
  cluster: ObproxyClusterRow,
  asked: readonly Asked<readonly DescribedParameter[]>[],
  { parameters, form }: WrittenParameters,
): KnownParameters {
  const answers = asked.filter((one): one is typeof one & Answer => 'answer' in one);
  refuseSilence(cluster, asked, answers.length);
  const findings: HostFinding[] = asked.flatMap((one) =>
    'why' in one
      ? [
          {
            hostId: one.server.hostId,
            level: 'WARN' as const,
            message: say('parameters.notAsked', {
              where: addressText(one.server.ip, one.server.sqlPort),
              why: one.why,
            }),
          },
        ]
      : [],
  );
  const wishes: ParameterWish[] = [];
  const waiting: string[] = [];
  for (const [index, { name, value }] of parameters.entries()) {
    const field = `${form === 'list' ? '' : 'parameters'}[${index}]`;
    const described = answers.flatMap(({ answer }) =>
      answer.filter((one) => one.name.toLowerCase() === name.toLowerCase()),
    );
    const [first] = described;
    if (first === undefined) throw fieldRefusal(`${field}.name`, name, say('names.noParameter'));
    if (wishes.some((wish) => wish.name === first.name)) {
      throw fieldRefusal(`${field}.name`, name, say('names.twice', { name: first.name }));
    }
    if (described.some(isReadOnly)) {
      const message = say('is.readOnly', { name: first.name });
      throw new Refusal(400, 'ODP21105', say('request.fault', { field: `${field}.name`, fault: message }), {
        target: `${field}.name`,
        subErrors: [{ field: `${field}.name`, rejectedValue: name, message }],
      });
    }
    for (const one of described) {
      const said = typeFault(one, value);
      if (said !== undefined) throw fieldRefusal(`${field}.value`, value, said);
    }
    if (described.length < answers.length) {
      const text = say('parameters.unknownToSome', { name: first.name });
      findings.push({ level: 'WARN', message: text });
    }
    if (described.some(({ needReboot }) => needReboot)) waiting.push(first.name);
    wishes.push({ name: first.name, value });
  }
  return { wishes, waiting, findings };
}

function refuseSilence(
  { id, name, servers }: ObproxyClusterRow,
  asked: readonly Asked<readonly DescribedParameter[]>[],
  answered: number,
): void {
  const target = `obproxyCluster:${id}`;
  if (servers.length === 0) {
    throw new Refusal(400, 'ODP21115', say('obproxyCluster.empty', { name }), { target });
  }
  if (!servers.some(({ status }) => status === 'RUNNING')) {
    throw new Refusal(400, 'ODP21017', say('obproxyCluster.noneRuns', { name }), { target });
  }
  if (answered > 0) return;
  const reasons = asked.flatMap((one) =>
    'why' in one
      ? [say('text.of', { what: addressText(one.server.ip, one.server.sqlPort), text: one.why })]
      : [],
  );
  const said =
    reasons.length === 0 ? say('parameters.nobodyAsked') : joined(reasons.slice(0, 5), 'list.comma');
  throw new Refusal(503, 'ODP10001', say('parameters.nobodyAnswers', { name, reasons: said }), { target });
}
