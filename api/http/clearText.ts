import type { Request } from 'express';
import { Refusal } from '../../operations/refusal';
import type { HttpSettings } from '../../runtime/httpSettings';
import { say } from '../../runtime/messages/catalogue';

/** A listening address that stays plain beside TLS is for what needs no login. Throws Refusal 403. */
export function refuseClearText(request: Request, { tls }: Pick<HttpSettings, 'tls'>): void {
  if (tls !== undefined && !request.secure) throw new Refusal(403, 'IAM11000', say('login.clearText'));
}
