import type { Host } from '../../hosts/types';
import { PermanentError, type Trouble } from '../../runtime/errors';
import type { Said } from '../../runtime/messages/catalogue';

/** What a person must cure on a host. `code`: of OCP's, where one fits. */
export function troubleOn(
  host: Pick<Host, 'ip'>,
  tried: Said,
  type: string,
  cameBack: Trouble['cameBack'],
  next: Said,
  code?: string,
): PermanentError {
  const coded = code === undefined ? {} : { code };
  return new PermanentError({ type, ...coded, tried, where: host.ip, cameBack, next });
}

/** The same for a file whose every step tries one thing. */
export function troublesOf(tried: Said, usualCode?: string) {
  return (
    host: Pick<Host, 'ip'>,
    type: string,
    cameBack: Trouble['cameBack'],
    next: Said,
    code = usualCode,
  ): PermanentError => troubleOn(host, tried, type, cameBack, next, code);
}
