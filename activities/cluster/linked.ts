import { PermanentError } from '../../runtime/errors';
import { say, type Text } from '../../runtime/messages/catalogue';

/** Why a cluster stays in the inventory: these OBProxy clusters are linked to it. */
export function stillLinked(
  tried: Text,
  linked: readonly { readonly name: string }[],
  where?: string,
): PermanentError {
  return new PermanentError({
    type: 'ClusterLinked',
    code: 'OBE11007',
    tried,
    ...(where === undefined ? {} : { where }),
    cameBack: say('obTakeOver.linked', { names: linked.map(({ name }) => name).join(', ') }),
    next: say('obTakeOver.nextUnlink'),
  });
}
