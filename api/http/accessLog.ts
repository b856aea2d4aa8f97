import type { Request, Response } from 'express';
import type { Logger } from '../../runtime/logger';
import { clientAddress } from './address';

/** What the line tells beside the request itself; filled while it is answered. */
export interface AccessFacts {
  readonly traceId: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  /** Path of the route as documented; undefined when none fits. */
  route?: string;
  /** Needs no login. */
  open?: boolean;
  /** Code of the error that was answered. */
  code?: string;
}

/** Longer paths are not ours. */
const MAX_PATH = 200;

/**
 * One line a request, when it is over. Answers to probes and to OBProxies that ask for their configuration, which
 * come every few seconds for ever, are told at debug unless they fail. `user` names who sent it, as far as that is proven.
 */
export function logAccess(
  logger: Logger,
  request: Request,
  response: Response,
  facts: AccessFacts,
  user: () => string | undefined,
): void {
  const { method, path } = request;
  const remote = clientAddress(request);
  response.once('close', () => {
    const status = response.statusCode;
    const level = facts.open === true && status < 400 ? 'debug' : 'info';
    logger[level](
      {
        traceId: facts.traceId,
        method,
        route: facts.route,
        path: path.slice(0, MAX_PATH),
        status,
        ms: Date.now() - facts.receivedAt,
        user: user(),
        remote,
        ...(facts.code === undefined ? {} : { code: facts.code }),
        // The client went before it had its answer, or was cut off.
        ...(response.writableFinished ? {} : { aborted: true }),
      },
      'request',
    );
  });
}
