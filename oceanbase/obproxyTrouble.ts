/** What an error of an OBProxy's administration connection means to whoever must act. */
import { PermanentError, TransientError, type Trouble } from '../runtime/errors';
import { type Said, say, type Text } from '../runtime/messages/catalogue';
import { couldNotAsk, SqlConnectionError, SqlError } from './sqlSession';

/** OBProxy's and OceanBase's error numbers that mean something to us. */
export const OBPROXY_ERRNO = {
  accessDenied: 1045,
  notExist: 4018,
  badValue: 4147,
  unknownItem: 5099,
  tooLong: 8007,
} as const;

/** What OBProxy does with a refused statement on table proxy_config (4.3.1, observed). */
const SECRET_IN_LOG = say('admin.secretInLog');

/** The documented trouble behind an error of the connection; `secret` is taken out of the server's text. */
export function troubleOf(
  error: unknown,
  what: { tried: Text; where: string; sql?: string; secret?: string },
): unknown {
  const base = { tried: what.tried, where: what.where };
  const notReady = (cameBack: Said) =>
    new TransientError({
      ...base,
      type: 'ObproxyNotReady',
      code: 'ODP10001',
      cameBack,
      next: say('next.checkObproxyProcess'),
    });
  if (error instanceof SqlConnectionError) return notReady(error.said);
  if (!(error instanceof SqlError)) return error;
  const said =
    what.secret === undefined || what.secret === ''
      ? error.message
      : error.message.replaceAll(what.secret, '***');
  const cameBack = say('sql.error', { errno: error.errno, text: said.slice(0, 500) });
  if (couldNotAsk(error)) return notReady(cameBack);
  const { next, ...told } = verdict(error.errno);
  const logged = what.secret !== undefined && what.sql?.startsWith('replace') === true;
  return new PermanentError({
    ...base,
    cameBack,
    ...told,
    next: logged ? say('next.both', { one: next, other: SECRET_IN_LOG }) : next,
  });
}

function verdict(errno: number): Pick<Trouble, 'type' | 'code' | 'next'> {
  switch (errno) {
    case OBPROXY_ERRNO.accessDenied:
      return {
        type: 'ObproxyAccessDenied',
        code: 'ODP10001',
        next: say('next.checkProxysys'),
      };
    case OBPROXY_ERRNO.unknownItem:
      return {
        type: 'ObproxyParameterUnknown',
        next: say('next.removeFromCluster'),
      };
    case OBPROXY_ERRNO.badValue:
    case OBPROXY_ERRNO.tooLong:
      return {
        type: 'ObproxyParameterRefused',
        next: say('next.correctValue'),
      };
    default:
      return { type: 'ObproxySqlRefused', next: say('next.seeObproxyLog') };
  }
}
