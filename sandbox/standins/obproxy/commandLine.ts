/** The options of the obproxy binary, as its usage text lists them and as it really treats them. */
import type { Traits } from './identity';

export interface CommandLine {
  /** What to do instead of starting: print the version or the usage. */
  readonly show?: 'version' | 'usage';
  /** Why nothing starts: told with the usage text on stderr, and nowhere else; the launcher still exits 0. */
  readonly mistake?: string;
  readonly foreground: boolean;
  /** Parameter values by name, from the short options. */
  readonly named: ReadonlyMap<string, string>;
  /** The text after -o, taken apart later: what is wrong in it shows only in the log. */
  readonly extra: string;
}

const TAKES_VALUE: Readonly<Record<string, string>> = {
  '-p': 'listen_port',
  '-l': 'prometheus_listen_port',
  '-s': 'rpc_listen_port',
  '-n': 'app_name',
  '-c': 'rootservice_cluster_name',
  '-r': 'rootservice_list',
  '-o': '',
};
const LONG: Readonly<Record<string, string>> = {
  '--listen_port': '-p',
  '--prometheus_listen_port': '-l',
  '--rpc_listen_port': '-s',
  '--appname': '-n',
  '--cluster_name': '-c',
  '--rs_list': '-r',
  '--optstr': '-o',
  '--nodaemon': '-N',
  '--version': '-V',
  '--help': '-h',
};

/** Reads argv (without interpreter and script). Ports must be 1025 … 65535 already here (OBProxy 4.3.1, observed). */
export function parseCommandLine(argv: readonly string[], has: Traits): CommandLine {
  const named = new Map<string, string>();
  let foreground = false;
  let extra = '';
  const stopped = (rest: Pick<CommandLine, 'show'> | Pick<CommandLine, 'mistake'>): CommandLine => ({
    ...rest,
    foreground,
    named,
    extra,
  });
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    const [long, inline] = word.startsWith('--') ? word.split(/=(.*)/s) : [word];
    const option = LONG[long ?? ''] ?? long ?? '';
    if (option === '-V') return stopped({ show: 'version' });
    if (option === '-h') return stopped({ show: 'usage' });
    if (option === '-N') {
      foreground = true;
      continue;
    }
    const flag = option.startsWith('--') ? option : option.slice(0, 2);
    const parameter = TAKES_VALUE[flag];
    const unknown =
      parameter === undefined ||
      (flag === '-l' && !has.hasMetricsPortOption) ||
      (flag === '-s' && !has.hasRpcPort);
    if (unknown) return stopped({ mistake: `invalid option -- '${word}'` });
    const attached = option.length > 2 ? option.slice(2) : undefined;
    const value = inline ?? attached ?? argv[++index];
    if (value === undefined) return stopped({ mistake: `option requires an argument -- '${word}'` });
    if (flag === '-o') extra = value;
    else if (parameter.endsWith('_port') && !(Number(value) > 1024 && Number(value) < 65536))
      return stopped({ mistake: `port must be in 1025..65535 -- '${value}'` });
    else named.set(parameter, value);
  }
  return { foreground, named, extra };
}

export interface Extra {
  readonly values: ReadonlyMap<string, string>;
  readonly broken: string | undefined;
}

/**
 * Takes `k=v,k2=v2` apart. A comma always separates (no quoting exists), so values with commas cannot be given;
 * a part without `=` breaks the whole.
 */
export function parseExtra(text: string): Extra {
  const values = new Map<string, string>();
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const equals = part.indexOf('=');
    if (equals < 1) return { values, broken: part };
    values.set(part.slice(0, equals).trim(), part.slice(equals + 1));
  }
  return { values, broken: undefined };
}

export const USAGE = `obproxy [OPTIONS]            (a stand-in for tests, not OceanBase's OBProxy)
  -h,--help                              print this help
  -p,--listen_port         LISTEN_PORT   port for SQL
  -l,--prometheus_listen_port PORT       port for metrics
  -s,--rpc_listen_port     PORT          port for rpc
  -o,--optstr              OPTSTR        extra options, name=value,name=value
  -n,--appname             APPNAME       name of this proxy
  -r,--rs_list             RS_LIST       root servers, ip:sql_port;ip:sql_port
  -c,--cluster_name        NAME          cluster of the root servers
  -N,--nodaemon                          stay in the foreground
  -V,--version                           print the version
`;
