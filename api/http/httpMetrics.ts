import type { NextFunction, Request, Response } from 'express';
import { httpSeconds } from '../../runtime/metrics';

/** As Express spells a path, `:id`; undefined when the request met no route. */
function template(request: Request): string | undefined {
  const route: unknown = request.route;
  if (typeof route !== 'object' || route === null || !('path' in route)) return undefined;
  return typeof route.path === 'string' ? route.path.replace(/:(\w+)/g, '{$1}') : undefined;
}

/** Measures every request from its headers to the end of its answer. */
export function measureHttp(request: Request, response: Response, next: NextFunction): void {
  const began = performance.now();
  response.once('close', () => {
    // A stream of events lasts as long as its client likes.
    if (String(response.getHeader('content-type')).startsWith('text/event-stream')) return;
    const labels = {
      method: request.method.length > 7 ? 'OTHER' : request.method,
      route: template(request) ?? 'none',
      status: String(response.statusCode),
    };
    httpSeconds.observe(labels, (performance.now() - began) / 1000);
  });
  next();
}
