import { randomBytes } from 'node:crypto';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { z } from 'zod';
import { Refusal } from '../operations/refusal';
import { say } from '../runtime/messages/catalogue';
import { ownTurn } from '../runtime/ownTurn';
import { inTrace } from '../runtime/trace';
import { type AccessFacts, logAccess } from './http/accessLog';
import { type AuditedResult, type AuditNotes, AuditTrail } from './http/audit';
import { refuseClearText } from './http/clearText';
import { consolePages } from './http/consolePages';
import { refuseOtherSites } from './http/crossSite';
import { type AnswerFacts, errorEnvelope, successEnvelope } from './http/envelope';
import { failureOf } from './http/errors';
import type { WhilePermitted } from './http/eventStreams';
import { measureHttp } from './http/httpMetrics';
import { bodyDigest, onceFor, WITHOUT_KEY } from './http/idempotency';
import { sendJson } from './http/lazyList';
import { answerLanguage, inLanguage } from './http/messages/language';
import { createThrottle, type Throttle } from './http/throttle';
import { type Authenticate, authentication, type Login, provenUser, requirePermission } from './login/auth';
import { OpenLogins } from './login/revocation';
import { wantsChallenge } from './login/session';
import { parsedBody, readBody } from './login/signedBody';
import type { ApiServices, Route } from './route';

interface RequestState extends AnswerFacts, AccessFacts {
  login: Login | undefined;
  readonly notes: AuditNotes;
  readonly trail: AuditTrail;
  readonly openLogins: OpenLogins;
}

/** Ours are 16 hex digits as documented; other people's trackers make UUIDs, 32 hex digits, names. */
const TRACE_ID = /^[A-Za-z0-9_.-]{1,64}$/;
const MAX_HEADERS = 200;
const YEAR_S = 31_536_000;
const readJson = express.json({ limit: '1mb', type: () => true });

/** The Express application: login, routes, and one form for every error. */
export function application(services: ApiServices, routes: readonly Route[]): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('case sensitive routing', true);
  app.set('trust proxy', services.config.http.trustedProxies);
  const authenticate = authentication(services.store, services.checkPassword);
  const throttle = createThrottle(services.config.http);
  const trail = new AuditTrail(services);
  const openLogins = new OpenLogins(services);
  app.use(measureHttp);

  app.use((request: Request, response: Response, next: NextFunction) => {
    const given = request.get('x-trace-id');
    const state: RequestState = {
      traceId: given !== undefined && TRACE_ID.test(given) ? given : randomBytes(8).toString('hex'),
      receivedAt: Date.now(),
      server: services.address,
      login: undefined,
      notes: { taskIds: [] },
      trail,
      openLogins,
    };
    response.locals.state = state;
    response.set({
      'x-trace-id': state.traceId,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      ...(request.secure ? { 'strict-transport-security': `max-age=${YEAR_S}` } : {}),
    });
    logAccess(
      services.logger,
      request,
      response,
      state,
      () => (provenUser(state.login) ?? state.notes.user)?.name,
    );
    inTrace({ traceId: state.traceId }, next);
  });
  app.use(refuseOddHead);
  app.use(async (request: Request, response: Response, next: NextFunction) => {
    await throttle.arrived(request, response);
    await ownTurn();
    next();
  });

  const open = routes.filter((route) => route.permission === undefined);
  const closed = routes.filter((route) => route.permission !== undefined);
  addRoutes(app, services, open);
  refuseOtherMethods(app, open);
  app.use((request: Request, _response: Response, next: NextFunction) => {
    refuseClearText(request, services.config.http);
    next();
  });
  if (services.config.http.console) app.use(consolePages(services.logger));
  app.use(loginRequired(authenticate, throttle));
  addRoutes(app, services, closed);
  refuseOtherMethods(app, closed);

  app.use((request: Request) => {
    throw new Refusal(404, 'COM10003', say('http.noPath', { path: request.path }), {
      target: request.path.slice(0, 200),
    });
  });
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) =>
    answerError(services, error, request, response),
  );
  return app;
}

function stateOf(response: Response): RequestState {
  return response.locals.state as RequestState;
}

/** What a proxy in front may have read otherwise: Node drops headers beyond 2000 and the second of two Hosts. */
function refuseOddHead({ rawHeaders, httpVersion }: Request, _response: Response, next: NextFunction): void {
  if (rawHeaders.length > 2 * MAX_HEADERS) {
    throw new Refusal(431, 'COM10003', say('http.headers', { limit: MAX_HEADERS }));
  }
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;
  if (hosts > 1 || (hosts === 0 && httpVersion === '1.1')) {
    throw new Refusal(400, 'COM10003', say('http.host'));
  }
  next();
}

function loginRequired(authenticate: Authenticate, throttle: Throttle) {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    refuseOtherSites(request);
    const state = stateOf(response);
    state.login = await authenticate(request, response, state.notes);
    // Until a signature is proven the request counts for its address: who knows a key's id cannot use up its user's.
    const user = provenUser(state.login);
    if (user !== undefined) await throttle.loggedIn(request, response, user);
    next();
  };
}

/** `{id}` as documented, `:id` as Express spells it. */
function expressPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

function addRoutes(app: Express, services: ApiServices, routes: readonly Route[]): void {
  for (const route of routes) {
    const method = route.method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete';
    app[method](expressPath(route.path), async (request: Request, response: Response) => {
      Object.assign(stateOf(response), { route: route.path, open: route.permission === undefined });
      const { login } = stateOf(response);
      if (login?.proof !== undefined && !route.upload) throw multipartForNothing();
      if (login !== undefined) requirePermission(login, route);
      if (route.body !== undefined) await jsonBody(request, response);
      await answer(services, route, request, response);
    });
  }
}

/** What nobody has proven to have sent, and nobody here could use: it is not even received. */
function multipartForNothing(): Refusal {
  const message = say('http.uploadOnly');
  return new Refusal(401, 'IAM10004', say('http.sendJson', { message }));
}

async function answer(
  services: ApiServices,
  route: Route,
  request: Request,
  response: Response,
): Promise<void> {
  const state = stateOf(response);
  const { login, traceId, receivedAt, notes } = state;
  const user = login?.user;
  const runOnce = onceFor(services.store, request, response, user);
  const proof = login?.proof;
  const whilePermitted: WhilePermitted = (end) =>
    login === undefined ? { release: () => undefined } : state.openLogins.hold(login, route, end);
  const stillPermitted = async () => {
    if (login !== undefined) await state.openLogins.refuseEnded(login, route);
  };
  const call = {
    ...{ user, proof, traceId, receivedAt, request, notes, whilePermitted, stillPermitted, runOnce },
    once: WITHOUT_KEY,
  };
  const query = Object.fromEntries(Object.entries(request.query).filter(([, value]) => value !== ''));
  if ('answerBare' in route) {
    await route.answerBare(call, query, request.params, response);
    await record(state, request, { status: response.statusCode });
    return;
  }
  refuseUnknownDryRun(route, query);
  const work = route.accept(request.params, query, request.body);
  const keyed = route.method !== 'GET' && !route.upload;
  const data = await (keyed
    ? runOnce(bodyDigest(request.body), (once) => work({ ...call, once }), route.restore)
    : work(call));
  if (proof?.proven === false) throw new Error('The handler of this upload did not settle its proof');
  if (response.hasHeader('idempotency-replayed')) notes.command = 'answered as before (Idempotency-Key)';
  await record(state, request, { status: 200 });
  await sendJson(response, successEnvelope(state, data));
}

/** Who asks for a dry run must not get the real thing where there is none. */
function refuseUnknownDryRun({ method, path, query: known }: Route, query: Record<string, unknown>): void {
  if (method === 'GET' || query.dryRun === undefined || query.dryRun === 'false') return;
  if (known instanceof z.ZodObject && 'dryRun' in known.shape) return;
  const message = say('http.noDryRun', { method, path });
  throw new Refusal(400, 'COM10001', message, { target: 'dryRun' });
}

/** The audit's line; who has not proven to be somebody is nobody. */
async function record(state: RequestState, request: Request, result: AuditedResult): Promise<void> {
  const { login, traceId, notes, trail } = state;
  await trail.record({ request, user: provenUser(login), traceId, notes }, result);
}

/** Reads a JSON body of at most 1 MB into `request.body`. */
async function jsonBody(request: Request, response: Response): Promise<void> {
  // Many clients send an empty body with a POST that has none; validation refuses it where one is needed.
  if (request.get('content-length') === '0') return;
  // `is` answers null for a request without a body.
  if (request.is('application/json') === false) {
    const type = request.get('content-type') ?? 'none';
    throw new Refusal(415, 'COM10003', say('http.contentType', { type: type.slice(0, 100) }));
  }
  const read = stateOf(response).login?.body;
  if (read !== undefined) {
    request.body = parsedBody(read);
    return;
  }
  await readBody(readJson, request, response);
}

/** Of the paths of these routes, which no other route shares. */
function refuseOtherMethods(app: Express, routes: readonly Route[]): void {
  for (const path of new Set(routes.map((route) => route.path))) {
    const allowed = routes.filter((route) => route.path === path).map((route) => route.method as string);
    if (allowed.includes('GET')) allowed.push('HEAD');
    // Not `app.all`, which makes a layer for each of 34 methods: 0.12 CPU-seconds of every start.
    app.route(expressPath(path)).all((request: Request, response: Response) => {
      response.set('allow', allowed.join(', '));
      throw new Refusal(
        405,
        'COM10003',
        say('http.noMethod', { method: request.method, path, allowed: allowed.join(' or ') }),
        { target: request.method },
      );
    });
  }
}

async function answerError(
  services: ApiServices,
  error: unknown,
  request: Request,
  response: Response,
): Promise<void> {
  const state = stateOf(response);
  const input = { ...request.params, ...request.query, ...(request.body as object | undefined) };
  const { status, error: body, unexpected } = failureOf(error, input);
  const event = { traceId: state.traceId, status, code: body.code };
  state.code = body.code;
  if (unexpected) services.logger.error({ ...event, err: error }, 'request failed');
  else services.logger.debug({ ...event, message: body.message }, 'request refused');
  await record(state, request, { status, code: body.code });
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (error instanceof Refusal && error.retryAfterSeconds !== undefined) {
    response.set('retry-after', String(error.retryAfterSeconds));
  }
  if (status === 401 && wantsChallenge(request))
    response.set('www-authenticate', 'Basic realm="obflow", charset="UTF-8"');
  response.status(status).json(errorEnvelope(state, status, inLanguage(body, answerLanguage(request))));
}
