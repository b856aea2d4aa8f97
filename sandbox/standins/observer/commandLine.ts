/** The options of the observer binary (oceanbase:src/observer/main.cpp), read the way getopt reads them. */
import type { ObserverTraits } from './edition';

export interface ObserverCommandLine {
  readonly show?: 'version' | 'usage';
  /** Why the launcher prints this line and exits with 1. */
  readonly mistake?: string;
  readonly foreground: boolean;
  /** Configuration items by OceanBase's name, those of -o included; options win over -o. */
  readonly config: ReadonlyMap<string, string>;
}

const OPTIONS: Readonly<Record<string, { long: string; item?: string }>> = {
  z: { long: 'zone', item: 'zone' },
  p: { long: 'mysql_port', item: 'mysql_port' },
  P: { long: 'rpc_port', item: 'rpc_port' },
  n: { long: 'appname', item: 'cluster' },
  c: { long: 'cluster_id', item: 'cluster_id' },
  d: { long: 'data_dir', item: 'data_dir' },
  i: { long: 'devname', item: 'devname' },
  I: { long: 'local_ip', item: 'local_ip' },
  r: { long: 'rs_list', item: 'rootservice_list' },
  l: { long: 'log_level', item: 'syslog_level' },
  m: { long: 'mode', item: 'startup_mode' },
  f: { long: 'scn', item: 'flashback_scn' },
  o: { long: 'optstr', item: '' },
};
const FLAGS: Readonly<Record<string, string>> = { N: 'nodaemon', 6: 'ipv6', V: 'version', h: 'help' };

/** `-p 2881`, `-p2881`, `--mysql_port 2881` and `--mysql_port=2881` as pairs of short name and value. */
function* options(argv: readonly string[]): Generator<{ name: string; word: string; value?: string }> {
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    let name: string | undefined;
    let value: string | undefined;
    if (word.startsWith('--')) {
      const [long = '', inline] = word.slice(2).split(/=(.*)/s);
      const known = (table: Readonly<Record<string, string | { long: string }>>): string | undefined =>
        Object.keys(table).find((key) => {
          const entry = table[key];
          return (typeof entry === 'string' ? entry : entry?.long) === long;
        });
      name = known(OPTIONS) ?? known(FLAGS);
      value = inline;
    } else if (word.startsWith('-') && word.length > 1) {
      name = word.slice(1, 2);
      value = word.length > 2 ? word.slice(2) : undefined;
    } else continue;
    if (name !== undefined && name in OPTIONS) value ??= argv[++index];
    yield { name: name ?? '', word, ...(value === undefined ? {} : { value }) };
  }
}

function mistakeIn(item: string, value: string): string | undefined {
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (item.endsWith('_port')) {
    if (Number.isNaN(number)) return `need port number: ${value}`;
    if (number <= 1024 || number >= 65536)
      return `port number should greater than 1024 and less than 65536: ${value}`;
  }
  if (item === 'cluster_id' && !(number > 0 && number < 4294967296))
    return `cluster id in cmd option should be in range [1,4294967295], but it is ${value}`;
  return undefined;
}

/** Reads argv (without interpreter and script). */
export function parseObserverCommandLine(argv: readonly string[], has: ObserverTraits): ObserverCommandLine {
  const config = new Map<string, string>();
  const extra = new Map<string, string>();
  let foreground = false;
  const stopped = (rest: Pick<ObserverCommandLine, 'show' | 'mistake'>): ObserverCommandLine => ({
    ...rest,
    foreground,
    config,
  });
  for (const { name, word, value } of options(argv)) {
    if (name === 'V') return stopped({ show: 'version' });
    if (name === 'N') foreground = true;
    const item = OPTIONS[name]?.item;
    // An option of a later version prints the help and exits with 1, as any unknown one.
    if (name === 'h' || (item === undefined && !(name in FLAGS)) || (name === 'I' && !has.hasLocalIp))
      return stopped({ show: 'usage', ...(name === 'h' ? {} : { mistake: `invalid option -- '${word}'` }) });
    if (item === undefined) continue;
    if (value === undefined)
      return stopped({ show: 'usage', mistake: `option requires an argument -- '${name}'` });
    if (item === '') {
      for (const part of value.split(',').filter((text) => text.trim() !== '')) {
        const equals = part.indexOf('=');
        if (equals < 1) return stopped({ mistake: `malformed optstr: ${part}` });
        extra.set(part.slice(0, equals).trim(), part.slice(equals + 1));
      }
      continue;
    }
    const mistake = mistakeIn(item, value);
    if (mistake !== undefined) return stopped({ mistake });
    config.set(item, value);
  }
  return { foreground, config: new Map([...extra, ...config]) };
}

export const OBSERVER_USAGE = `observer [OPTIONS]            (a stand-in for tests, not OceanBase's observer)
  -h,--help                print this help
  -z,--zone ZONE           zone
  -p,--mysql_port PORT     mysql port
  -P,--rpc_port PORT       rpc port
  -N,--nodaemon            don't run in daemon
  -n,--appname APPNAME     application name
  -c,--cluster_id ID       cluster id
  -d,--data_dir DIR        OceanBase data directory
  -i,--devname DEV         net dev interface
  -I,--local_ip            ip of the current machine
  -o,--optstr OPTSTR       extra options string
  -r,--rs_list RS_LIST     root service list
  -l,--log_level LOG_LEVEL server log level
`;
