import { type Said, say } from '../runtime/messages/catalogue';
import { quote } from './quote';
import type { Host } from './types';

/** What a host heard for one URL: an answer, or why there was none. */
export type HeardUrl = { readonly status: number; readonly body: string } | { readonly failure: Said };

/** `unable`: the host has nothing to ask with, which says nothing of the URL. */
export type Heard = { readonly urls: readonly HeardUrl[] } | { readonly unable: Said };

/** A connection, and the whole of an answer. An OBProxy waits 5 s for each of its three tries (4.3.1, observed). */
const CONNECT_SECONDS = 5;
const ANSWER_SECONDS = 8;
/** Of one answer; all together end with what a script may print. */
const MAX_BODY = 1024 ** 2;
const MARK = 'obflow-http';

const PYTHON = `import sys
try:
    from urllib.request import build_opener, ProxyHandler
    from urllib.error import HTTPError
except ImportError:
    from urllib2 import build_opener, ProxyHandler, HTTPError
for url in sys.argv[1:]:
    status, body = 0, ""
    try:
        try:
            answer = build_opener(ProxyHandler({})).open(url, timeout=${ANSWER_SECONDS})
            status, body = answer.getcode(), answer.read(${MAX_BODY}).decode("utf-8", "replace")
        except HTTPError as error:
            status = error.code
    except Exception as error:
        sys.stderr.write("%s\\n" % error)
    sys.stdout.write("%s\\n${MARK} status %s\\n" % (body, status))`;

/**
 * Asks with what the host has: curl (OBProxy asks by the same library), Python, or bash's own connections. Proxies of the
 * environment are passed by: an OBProxy that was started by a keeper has none of them.
 */
function script(urls: readonly string[], plain: readonly (string | undefined)[]): string {
  const words = urls.map(quote).join(' ');
  const everyPlain = plain.every((request) => request !== undefined);
  const byBash = plain
    .map(
      (request) =>
        `timeout ${ANSWER_SECONDS} bash -c ${quote(request ?? '')} 2>&1 | head -c ${MAX_BODY}; printf '\\n${MARK} raw\\n'`,
    )
    .join('\n');
  return `if command -v curl >/dev/null 2>&1; then
  exec curl -sSgL --max-redirs 3 --noproxy '*' --connect-timeout ${CONNECT_SECONDS} --max-time ${ANSWER_SECONDS} -w '\\n${MARK} status %{http_code}\\n' ${words}
fi
for python in python3 python /usr/libexec/platform-python python2; do
  "$python" -c '' 2>/dev/null </dev/null || continue
  "$python" -c ${quote(PYTHON)} ${words} </dev/null
  exit 0
done
${everyPlain ? `if command -v bash >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1; then\n${byBash}\nexit 0\nfi` : ''}
echo '${MARK} unable'`;
}

/** What bash sends for a URL, as a program of its own; undefined for anything but http. */
function bashRequest(url: string): string | undefined {
  const { protocol, hostname, port, host, pathname, search } = new URL(url);
  if (protocol !== 'http:') return undefined;
  const address = hostname.replace(/^\[|\]$/g, '');
  const request = `GET ${pathname}${search} HTTP/1.0\\r\\nHost: ${host}\\r\\nAccept: */*\\r\\n\\r\\n`;
  return `exec 3<>${quote(`/dev/tcp/${address}/${port || '80'}`)} || exit; printf %b ${quote(request)} >&3; cat <&3`;
}

/** Headers and body of an answer as it came over the wire. */
function unwrapped(raw: string): HeardUrl {
  const [, status, rest = ''] = /^HTTP\/1\.[01] (\d{3})[^\n]*\n(.*)$/s.exec(raw) ?? [];
  if (status === undefined) return { failure: lastLine(raw) || say('url.noAnswer') };
  const at = /\r?\n\r?\n/.exec(rest);
  return { status: Number(status), body: at === null ? '' : rest.slice(at.index + at[0].length) };
}

const lastLine = (text: string) => text.trim().split('\n').at(-1)?.trim().slice(0, 300) ?? '';

/**
 * Gets URLs (`http` or `https`, made by obflow) from the host, as a program there would: no login, no proxy. Each is waited
 * for 8 s at most. Throws what the connection throws.
 */
export async function getFromHost(
  host: Pick<Host, 'sh'>,
  urls: readonly string[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<Heard> {
  const { stdout, stderr } = await host.sh(script(urls, urls.map(bashRequest)), {
    timeoutMs: (urls.length * ANSWER_SECONDS + 10) * 1_000,
    ...options,
  });
  const heard: HeardUrl[] = [];
  let from = 0;
  for (const mark of stdout.matchAll(/\nobflow-http (?:status (\d+)|raw)\n/g)) {
    const body = stdout.slice(from, mark.index);
    from = mark.index + mark[0].length;
    const status = mark[1];
    if (status === undefined) heard.push(unwrapped(body));
    else if (Number(status) > 0) heard.push({ status: Number(status), body });
    else heard.push({ failure: lastLine(stderr) || say('url.noAnswer') });
  }
  if (heard.length >= urls.length) return { urls: heard.slice(0, urls.length) };
  if (Buffer.byteLength(stdout) + Buffer.byteLength(stderr) >= MAX_BODY)
    return { urls: urls.map(() => ({ failure: say('url.endless') })) };
  const said = lastLine(stderr);
  return {
    unable: stdout.trim() === `${MARK} unable` ? say('url.noTool') : said || say('url.silentShell'),
  };
}
