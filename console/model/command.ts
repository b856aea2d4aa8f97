/** A request as a command line that somebody can run. Pure. */

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

/** Fields whose values are for nobody's history of commands. */
const SECRET = /passw(or)?d|secret|passphrase/i;

/** What may be copied: a secret is a place to be filled in where the command is run. */
export function withoutSecrets(body: unknown): unknown {
  if (Array.isArray(body)) return body.map(withoutSecrets);
  if (typeof body !== 'object' || body === null) return body;
  // A parameter has its name beside its value.
  const parameter = 'name' in body && typeof body.name === 'string' && SECRET.test(body.name);
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => {
      const secret = SECRET.test(name) || (parameter && name === 'value');
      return [name, secret && typeof value === 'string' ? `<${name}>` : withoutSecrets(value)];
    }),
  );
}

/** A word of a shell, whatever is in it. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** @param origin as in `http://127.0.0.1:8080` */
export function curlOf(request: Request, origin: string, key?: string): string {
  const parts = [
    `curl -u "$OBFLOW_USER" -X ${request.method} ${quoted(origin + request.path)}`,
    ...(key === undefined ? [] : [`-H ${quoted(`Idempotency-Key: ${key}`)}`]),
    ...(request.body === undefined
      ? []
      : [`-H 'Content-Type: application/json'`, `-d ${quoted(JSON.stringify(request.body))}`]),
  ];
  return parts.join(' \\\n  ');
}

/** The same by the obflow command: the body goes to its standard input, what the URL asks into options. */
export function obflowOf(
  words: readonly string[],
  ids: readonly (string | number)[],
  body: unknown,
  asked: Readonly<Record<string, string>> = {},
): string {
  const options = Object.entries(asked).flatMap(([name, value]) => [
    `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    quoted(value),
  ]);
  const command = ['obflow', ...words, ...ids.map((id) => quoted(String(id))), ...options].join(' ');
  return body === undefined
    ? command
    : `${command} --body - <<'JSON'\n${JSON.stringify(body, null, 2)}\nJSON`;
}
