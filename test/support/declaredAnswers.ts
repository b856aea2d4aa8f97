import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { openApiDocument } from '../../api/openapi/document';
import type { Route } from '../../api/route';

/** An answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number;
  /** Content-Type header. */
  readonly type: string | null;
  readonly text: string;
}

/** Throws when an answer is not one that its route declares. */
export type CheckAnswer = (method: string, path: string, answer: WireAnswer) => void;

interface Response {
  readonly $ref?: string;
  readonly content?: Record<string, unknown>;
}
interface Document {
  readonly paths: Record<string, Record<string, { responses: Record<string, Response> }>>;
  readonly components: { responses: Record<string, Response> };
}

const pointer = (...keys: string[]) =>
  keys.map((key) => encodeURIComponent(key.replace(/~/g, '~0').replace(/\//g, '~1'))).join('/');

/** What the API document says of one path, ready to hold answers to. */
interface Declaration {
  readonly document: Document;
  readonly ajv: Ajv2020;
}

/** By path template; the servers of one test file declare the same. The whole document takes 0.5 s of a core. */
const declarations = new Map<string, Declaration>();

function declarationOf(template: string, routes: readonly Route[]): Declaration {
  const known = declarations.get(template);
  if (known !== undefined) return known;
  const own = routes.filter(({ path }) => path === template);
  const document = openApiDocument(own, 'test', true) as unknown as Document;
  const ajv = new Ajv2020({ strict: false, validateSchema: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema(document, 'api');
  const declaration = { document, ajv };
  declarations.set(template, declaration);
  return declaration;
}

/** JSON pointer to the declared response. */
function declared({ paths }: Document, template: string, method: string, status: number): string {
  const operation = paths[template]?.[method.toLowerCase()];
  // What is no operation is refused all the same.
  if (operation === undefined) return pointer('components', 'responses', 'Refused400');
  const response = operation.responses[status];
  if (response === undefined) throw new Error(`${method} ${template} does not declare ${status}`);
  return (
    response.$ref?.slice('#/'.length) ??
    pointer('paths', template, method.toLowerCase(), 'responses', String(status))
  );
}

function contentOf(document: Document, at: string): Record<string, unknown> {
  const found = at
    .split('/')
    .map((key) => decodeURIComponent(key).replace(/~1/g, '/').replace(/~0/g, '~'))
    .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], document);
  return (found as Response).content ?? {};
}

/**
 * Holds answers to what the API document says of them: status, media type, schema. Stricter than the document: a field
 * that is not declared counts as wrong.
 */
export function answerCheck(routes: readonly Route[]): CheckAnswer {
  const templates = [...new Set(routes.map(({ path }) => path))]
    .sort((a, b) => a.split('{').length - b.split('{').length)
    .map((path) => ({ path, pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`) }));

  return (method, url, { status, type, text }) => {
    const path = url.split('?')[0] ?? url;
    const template = templates.find(({ pattern }) => pattern.test(path))?.path ?? '';
    const { document, ajv } = declarationOf(template, routes);
    const at = declared(document, template, method === 'HEAD' ? 'GET' : method, status);
    const media = (type ?? '').split(';')[0] ?? '';
    const content = contentOf(document, at);
    const known = content[media] === undefined ? '*/*' : media;
    if (content[known] === undefined)
      throw new Error(`${method} ${path} ${status}: ${media} is not declared`);
    if ((content[known] as { schema?: unknown }).schema === undefined) return;
    const validate = ajv.getSchema(`api#/${at}/${pointer('content', known, 'schema')}`);
    if (validate === undefined) throw new Error(`no schema at ${at}`);
    if (validate(media === 'application/json' ? JSON.parse(text) : text)) return;
    const faults = (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
    throw new Error(
      `${method} ${path} ${status} is not as declared:\n${faults.slice(0, 8).join('\n')}\n${text.slice(0, 500)}`,
    );
  };
}
