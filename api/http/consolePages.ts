import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { NextFunction, Request, Response } from 'express';
import { Refusal } from '../../operations/refusal';
import type { Logger } from '../../runtime/logger';
import { say } from '../../runtime/messages/catalogue';
import { repositoryRoot } from '../../runtime/paths';

const HOME = '/console/';
const ASSETS = '/console/assets/';
const PAGE = 'index.html';
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};
/** Everything comes from here, and no text of a document can become a script or a style. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');
const PAGE_HEADERS = {
  'content-security-policy': POLICY,
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};
/** Named by their content: another content has another name. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** By name; compressed, where the build has compressed it. */
type Files = ReadonlyMap<string, { readonly content: Buffer; readonly zipped: boolean }>;

/** Held in memory: a build beside a running API takes no file away from it. */
function filesOf(folder: string): Files {
  const names = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  const files = new Map<string, { content: Buffer; zipped: boolean }>();
  for (const name of names.filter((one) => path.extname(one) !== '' && !one.endsWith('.gz'))) {
    const zipped = names.includes(`${name}.gz`);
    files.set(name, { content: readFileSync(path.join(folder, zipped ? `${name}.gz` : name)), zipped });
  }
  return files;
}

/**
 * Serves the console: its page at every path below /console/ (it knows by itself what to show there), its parts below
 * /console/assets/, and the way to it for a browser that asks for `/`. Nothing of it needs a login, nothing in it is
 * secret: what it shows it asks the API for.
 */
export function consolePages(logger: Logger, folder = path.join(repositoryRoot(), 'dist/console')) {
  const files = filesOf(folder);
  if (!files.has(PAGE)) logger.warn({ folder }, 'the console is not built (npm run build): none is served');

  return (request: Request, response: Response, next: NextFunction): void => {
    const asked = request.path;
    const ours = files.has(PAGE) && (request.method === 'GET' || request.method === 'HEAD');
    const welcome = asked === '/' && /\btext\/html\b/.test(request.get('accept') ?? '');
    if (!ours || !(welcome || asked === '/console' || asked.startsWith(HOME))) {
      next();
      return;
    }
    if (!asked.startsWith(HOME)) {
      response.redirect(302, HOME);
      return;
    }
    const asset = asked.startsWith(ASSETS);
    const name = asset ? asked.slice(HOME.length) : PAGE;
    const file = files.get(name);
    if (file === undefined) {
      throw new Refusal(404, 'COM10003', say('http.noPath', { path: asked }), {
        target: asked.slice(0, 200),
      });
    }
    const zipped = file.zipped && request.acceptsEncodings('gzip') === 'gzip';
    response.set({
      ...PAGE_HEADERS,
      'content-type': TYPES[path.extname(name)] ?? 'application/octet-stream',
      'cache-control': asset ? FOR_EVER : 'no-store',
      ...(file.zipped ? { vary: 'accept-encoding' } : {}),
      ...(zipped ? { 'content-encoding': 'gzip' } : {}),
    });
    response.end(file.zipped && !zipped ? gunzipSync(file.content) : file.content);
  };
}
