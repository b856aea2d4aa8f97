import { z } from 'zod';
import { rootPasswordFault } from '../../oceanbase/passwords';
import { obClusterById } from '../../operations/observerPreconditions';
import { Refusal } from '../../operations/refusal';
import { publishedSample } from '../../operations/samples';
import { IdPath } from '../../operations/schemas';
import { fault, say } from '../../runtime/messages/catalogue';
import { NoData } from '../http/answers';
import { changeRootPassword } from '../objects/changeRootPassword';
import { type ApiServices, type Route, route } from '../route';

const Body = z.object({
  newPassword: z
    .string(fault('must.string'))
    .max(256, fault('must.charactersAtMost', { limit: 256 }))
    .describe(
      '8 to 32 characters of at least three kinds: digits, upper and lower case, ~!@#%^&*_-+=|(){}[]:;,.?/',
    ),
  saveToCredential: z
    .boolean(fault('must.boolean'))
    .optional()
    .describe('Always so: obflow itself logs in with it. false is refused.'),
});

/** The password of root@sys, and the credential that follows it. */
export function obPasswordRoutes(services: ApiServices): Route[] {
  const { store } = services;
  return [
    route(
      {
        method: 'POST',
        path: '/api/v2/ob/clusters/{id}/changePassword',
        permission: 'CLUSTER_MANAGER',
        tag: 'OceanBase',
        summary: 'Change the password of root@sys of an OceanBase cluster',
        description:
          'Both passwords are kept until the new one is let in on every root server that answers. After a 503 send the request again: it goes on from there.',
        params: IdPath,
        body: Body,
        answer: NoData,
        sample: publishedSample('change-ob-password'),
      },
      async ({ params, body, notes }) => {
        notes.command = 'change the password of root@sys';
        const cluster = await obClusterById(store, params.id);
        const wrong = rootPasswordFault(body.newPassword);
        if (wrong !== undefined) {
          const text = say('request.fault', { field: 'newPassword', fault: wrong });
          throw new Refusal(400, 'OBE11029', text, {
            target: 'newPassword',
            subErrors: [{ field: 'newPassword', message: wrong }],
          });
        }
        if (body.saveToCredential === false) {
          throw new Refusal(400, 'COM10001', say('obPassword.unsaved'), { target: 'saveToCredential' });
        }
        await changeRootPassword(services, cluster, body.newPassword);
      },
    ),
  ];
}
