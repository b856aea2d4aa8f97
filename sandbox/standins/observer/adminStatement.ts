/**
 * ALTER SYSTEM as far as growing and shrinking a cluster needs it (OceanBase documentation, "ALTER SYSTEM"). The port in
 * server addresses is the RPC port.
 */
/** FORCE STOP does not look at the logs, ISOLATE not at majorities either (OceanBase documentation, "Isolate a node"). */
export type StopHow = 'FORCE' | 'ISOLATE';

export type AdminStatement =
  | {
      readonly kind: 'server';
      readonly verb: 'ADD' | 'DELETE' | 'CANCEL DELETE' | 'START' | 'STOP';
      readonly addresses: readonly string[];
      readonly zone?: string;
      readonly how?: StopHow;
    }
  | {
      readonly kind: 'zone';
      readonly verb: 'ADD' | 'START' | 'STOP' | 'DELETE' | 'MODIFY';
      readonly zone: string;
      readonly region?: string;
      readonly idc?: string;
      readonly how?: StopHow;
    }
  | { readonly kind: 'minorFreeze'; readonly addresses: readonly string[] }
  /** Of the cluster, or of its tenants from 4.0 on. */
  | { readonly kind: 'majorFreeze'; readonly tenant?: string }
  | {
      readonly kind: 'set';
      readonly parameters: Readonly<Record<string, string>>;
      readonly zone?: string;
      /** `ip:rpcPort` */
      readonly server?: string;
      /** `all` stands for every one. */
      readonly tenant?: string;
    }
  | {
      readonly kind: 'bootstrap';
      readonly servers: readonly {
        readonly region?: string;
        readonly zone: string;
        readonly address: string;
      }[];
    };

const ADDRESS = String.raw`\d{1,3}(?:\.\d{1,3}){3}:\d{1,5}`;
const NAME = String.raw`(?:'([^']+)'|"([^"]+)"|${'`([^`]+)`'}|([A-Za-z_][\w]*))`;

function nameAfter(keyword: string, text: string): string | undefined {
  const match = new RegExp(`\\b${keyword}\\s*=?\\s*${NAME}`, 'is').exec(text);
  return match?.[1] ?? match?.[2] ?? match?.[3] ?? match?.[4];
}

function serverStatement(sql: string): AdminStatement | undefined {
  const form = new RegExp(
    `^alter\\s+system\\s+(add|cancel\\s+delete|delete|start|(?:force\\s+)?stop|isolate)\\s+server\\s+` +
      `((?:['"]${ADDRESS}['"]\\s*,?\\s*)+)(zone\\b.*)?$`,
    'is',
  );
  const match = form.exec(sql);
  if (match === null) return undefined;
  const words = (match[1] ?? '').toUpperCase().replace(/\s+/g, ' ');
  const how = stopHow(words);
  const verb = how === undefined ? words : 'STOP';
  const zone = nameAfter('zone', match[3] ?? '');
  return {
    kind: 'server',
    verb: verb as 'ADD',
    addresses: [...(match[2] ?? '').matchAll(new RegExp(ADDRESS, 'g'))].map(([address]) => address),
    ...(zone === undefined ? {} : { zone }),
    ...(how === undefined ? {} : { how }),
  };
}

function stopHow(words: string): StopHow | undefined {
  if (words === 'FORCE STOP') return 'FORCE';
  return words === 'ISOLATE' ? words : undefined;
}

function zoneStatement(sql: string): AdminStatement | undefined {
  const match = new RegExp(
    `^alter\\s+system\\s+(add|start|(?:force\\s+)?stop|isolate|delete|alter|change|modify)\\s+zone\\s+${NAME}(.*)$`,
    'is',
  ).exec(sql);
  if (match === null) return undefined;
  const words = (match[1] ?? '').toUpperCase().replace(/\s+/g, ' ');
  const aliases: Record<string, string> = {
    'FORCE STOP': 'STOP',
    ISOLATE: 'STOP',
    ALTER: 'MODIFY',
    CHANGE: 'MODIFY',
  };
  const rest = match[6] ?? '';
  const region = nameAfter('region', rest);
  const idc = nameAfter('idc', rest);
  const how = stopHow(words);
  return {
    kind: 'zone',
    verb: (aliases[words] ?? words) as 'ADD',
    zone: match[2] ?? match[3] ?? match[4] ?? match[5] ?? '',
    ...(region === undefined ? {} : { region }),
    ...(idc === undefined ? {} : { idc }),
    ...(how === undefined ? {} : { how }),
  };
}

function bootstrapStatement(sql: string): AdminStatement | undefined {
  const match = /^alter\s+system\s+bootstrap\s+(.+)$/is.exec(sql);
  if (match === null) return undefined;
  const servers = (match[1] ?? '').split(',').map((part) => {
    const region = nameAfter('region', part);
    return {
      zone: nameAfter('zone', part) ?? '',
      address: new RegExp(`server\\s*=?\\s*['"](${ADDRESS})['"]`, 'is').exec(part)?.[1] ?? '',
      ...(region === undefined ? {} : { region }),
    };
  });
  if (servers.some(({ zone, address }) => zone === '' || address === '')) return undefined;
  return { kind: 'bootstrap', servers };
}

/** The scope stands behind the items, ZONE or SERVER before TENANT (engine 4.3.5.3, observed: 1064 the other way round). */
function setStatement(sql: string): AdminStatement | undefined {
  const item = String.raw`[A-Za-z_]\w*\s*=\s*(?:'(?:[^']|'')*'|"[^"]*"|[\w.]+)`;
  const form = new RegExp(
    `^alter\\s+system\\s+set\\s+(${item}(?:\\s*,\\s*${item})*)` +
      `(?:\\s+zone\\s*=\\s*'([^']+)'|\\s+server\\s*=\\s*'([^']+)')?(?:\\s+tenant\\s*=\\s*'?([\\w$-]+)'?)?$`,
    'is',
  );
  const [, list, zone, server, tenant] = form.exec(sql) ?? [];
  if (list === undefined) return undefined;
  const parameters: Record<string, string> = {};
  for (const [, name = '', single, double, bare] of list.matchAll(
    /(\w+)\s*=\s*(?:'((?:[^']|'')*)'|"([^"]*)"|([\w.]+))/g,
  ))
    parameters[name.toLowerCase()] = single?.replaceAll("''", "'") ?? double ?? bare ?? '';
  return {
    kind: 'set',
    parameters,
    ...(zone === undefined ? {} : { zone }),
    ...(server === undefined ? {} : { server }),
    ...(tenant === undefined ? {} : { tenant }),
  };
}

function minorFreezeStatement(sql: string): AdminStatement | undefined {
  const form = new RegExp(
    `^alter\\s+system\\s+minor\\s+freeze\\s+server\\s*=?\\s*\\(\\s*((?:['"]${ADDRESS}['"]\\s*,?\\s*)+)\\)$`,
    'is',
  );
  const list = form.exec(sql)?.[1];
  if (list === undefined) return undefined;
  const addresses = [...list.matchAll(new RegExp(ADDRESS, 'g'))].map(([address]) => address);
  return { kind: 'minorFreeze', addresses };
}

function majorFreezeStatement(sql: string): AdminStatement | undefined {
  const match = /^alter\s+system\s+major\s+freeze(?:\s+tenant\s*=\s*(\w+))?$/i.exec(sql);
  if (match === null) return undefined;
  return { kind: 'majorFreeze', ...(match[1] === undefined ? {} : { tenant: match[1] }) };
}

/** The statement, or undefined when it is none of these (a syntax error, 1064). */
export function parseAdminStatement(sql: string): AdminStatement | undefined {
  return (
    serverStatement(sql) ??
    zoneStatement(sql) ??
    bootstrapStatement(sql) ??
    minorFreezeStatement(sql) ??
    majorFreezeStatement(sql) ??
    setStatement(sql)
  );
}
