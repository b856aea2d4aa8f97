import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Hosts } from '../hosts/types';
import type { PublishedSample } from '../operations/samples';
import type { CatalogueEntry, Permission } from '../operations/types';
import type { RuntimeConfig } from '../runtime/config';
import type { Health } from '../runtime/health';
import type { Logger } from '../runtime/logger';
import type { TemporalHandle } from '../runtime/temporal';
import type { Store, User } from '../store/types';
import type { AuditNotes } from './http/audit';
import { plainBody } from './http/bodyShape';
import type { WhilePermitted } from './http/eventStreams';
import type { Once, OnceScope, Restore } from './http/idempotency';
import type { Lazily } from './http/lazyList';
import type { PasswordLogin } from './login/passwordLogin';
import type { BodyProof } from './login/signedBody';
import type { Checks } from './objects/checks';
import type { TaskEvents } from './tasks/events';
import type { TaskListEvents } from './tasks/listEvents';
import type { LogEvents } from './tasks/logEvents';
import type { TaskService } from './tasks/service';

/** What routes work with. */
export interface ApiServices {
  readonly config: RuntimeConfig;
  readonly store: Store;
  readonly hosts: Hosts;
  readonly temporal: TemporalHandle;
  readonly tasks: TaskService;
  readonly taskEvents: TaskEvents;
  readonly taskListEvents: TaskListEvents;
  readonly logEvents: LogEvents;
  readonly checks: Checks;
  /** The one of this process: what it may take of the machine is bounded in it. */
  readonly checkPassword: PasswordLogin;
  /** What this server stands on, as /readyz shows it. */
  readonly health: () => Promise<Health>;
  readonly logger: Logger;
  /** Address of this server: `server` of every answer, `executor` of the tasks it accepts. */
  readonly address: string;
}

/** One request, parsed. */
export interface Call<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** Undefined on routes without login. */
  readonly user: User | undefined;
  /** On routes that read the request's stream themselves: to be settled before anything of it is kept. */
  readonly proof: BodyProof | undefined;
  readonly traceId: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  readonly request: Request;
  /** What the audit should know of this call beside who, when and how it ended. */
  readonly notes: AuditNotes;
  /** Of this attempt; on routes that read the request's stream themselves, `runOnce` gives one. */
  readonly once: OnceScope;
  /**
   * For answers that go on for long: calls `end` once, as soon as this request would be refused; to be released when
   * the answer has ended.
   */
  readonly whilePermitted: WhilePermitted;
  /** For requests that take long to arrive: throws Refusal when this one would be refused by now. */
  readonly stillPermitted: () => Promise<void>;
  /** For routes that read the request's stream themselves: to be called as soon as the digest of the body is known. */
  readonly runOnce: Once;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RouteDeclaration<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
> {
  readonly method: Method;
  /** As documented, parameters in braces. */
  readonly path: string;
  /** Undefined: no login. */
  readonly permission: Permission | undefined;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: Params;
  readonly query?: Query;
  /** JSON body; without it a body is not read. */
  readonly body?: Body | undefined;
  /** The handler reads the request's stream itself (multipart). */
  readonly upload?: true;
  /** Statuses it refuses with that routes of its kind do not (api/openapi/statuses.ts has the usual ones). */
  readonly refuses?: readonly number[];
  /** For handlers that remember something shorter than their answer (`once.remember`): makes the answer from it. */
  readonly restore?: Restore | undefined;
  /** Of an operation of the catalogue: by which its command and its form are found. */
  readonly operation?: Pick<CatalogueEntry, 'id' | 'command'>;
  /** Example of the API document. */
  readonly sample?: PublishedSample | undefined;
}

/** A route whose value becomes `data` of the envelope (undefined: no `data`). */
export interface EnvelopedRoute extends RouteDeclaration {
  /** What `data` is; NoData when there is none. */
  readonly answer: z.ZodType;
  accept(params: unknown, query: unknown, body: unknown): (call: CallBase) => Promise<unknown>;
}

/** One answer of a bare route: its media type and, unless it is a file, what is in it. */
export interface BareAnswer {
  readonly type: string;
  readonly schema?: z.ZodType;
  readonly description?: string;
}

/** A route that answers by itself: plain text, bare JSON, files. */
export interface BareRoute extends RouteDeclaration {
  /** By status; errors of the documented form need no entry. */
  readonly answers: Readonly<Record<number, BareAnswer>>;
  answerBare(call: CallBase, query: unknown, params: unknown, response: Response): Promise<void>;
}

export type Route = EnvelopedRoute | BareRoute;
type CallBase = Omit<Call<never, never, never>, 'params' | 'query' | 'body'>;

const NONE = z.unknown();

/** Declares an enveloped route; its types are closed over by `accept`. */
export function route<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType>(
  declaration: RouteDeclaration<P, Q, B> & { readonly answer: A },
  handle: (call: Call<z.output<P>, z.output<Q>, z.output<B>>) => Promise<Lazily<z.input<A>>>,
): EnvelopedRoute {
  return {
    ...declaration,
    accept(rawParams, rawQuery, rawBody) {
      const params = (declaration.params ?? NONE).safeParse(rawParams);
      const query = (declaration.query ?? NONE).safeParse(rawQuery);
      const body = (declaration.body ?? NONE).safeParse(plainBody(rawBody));
      if (!params.success || !query.success || !body.success) {
        const failed = [params, query, body].flatMap((result) => result.error?.issues ?? []);
        throw new z.ZodError(failed);
      }
      const parsed = {
        params: params.data as z.output<P>,
        query: query.data as z.output<Q>,
        body: body.data as z.output<B>,
      };
      return (call) => handle({ ...call, ...parsed });
    },
  };
}

/** Declares a route that writes its own answer. */
export function bareRoute<P extends z.ZodType, Q extends z.ZodType>(
  declaration: Omit<RouteDeclaration<P, Q, z.ZodType>, 'body'> & Pick<BareRoute, 'answers'>,
  answer: (call: Call<z.output<P>, z.output<Q>, unknown>, response: Response) => Promise<void>,
): BareRoute {
  return {
    ...declaration,
    async answerBare(call, rawQuery, rawParams, response) {
      const query = (declaration.query ?? NONE).parse(rawQuery) as z.output<Q>;
      const params = (declaration.params ?? NONE).parse(rawParams) as z.output<P>;
      await answer({ ...call, params, query, body: undefined }, response);
    },
  };
}
