import type { ReactNode } from 'react';
import { useGet } from '../data/queries';
import type {
  HostDocument,
  ListedPackage,
  ObClusterDocument,
  ObproxyClusterDocument,
  PageOf,
} from '../data/types';
import type { JsonSchema } from '../model/schema';

export interface Option {
  readonly value: string | number;
  readonly label: string;
  readonly more?: string;
}

interface Named {
  readonly id: number;
  readonly name?: string;
  readonly username?: string;
}

/** What the values of a field are, known by its name: the names of OCP's documents mean one thing everywhere. */
export type ChoiceKind =
  | 'host'
  | 'proxy'
  | 'proxyPackage'
  | 'shortPackage'
  | 'credential'
  | 'idc'
  | 'hostType'
  | 'obCluster'
  | 'obClusterName'
  | 'zone';

const KINDS: readonly (readonly [RegExp, ChoiceKind])[] = [
  [/^(hostIds?|hostIdList|servers)$/, 'host'],
  [/^(obproxyServerIds|obproxyIds|skipHostOperationServerIds|obproxyServerId)$/, 'proxy'],
  [/^version$/, 'proxyPackage'],
  [/^shortRpmName$/, 'shortPackage'],
  [/^credentialId$/, 'credential'],
  [/^idcId$/, 'idc'],
  [/^typeId$/, 'hostType'],
  [/^clusterId$/, 'obCluster'],
  [/^clusterName$/, 'obClusterName'],
  [/^zoneName$/, 'zone'],
];

export function choiceOf(name: string, schema: JsonSchema): ChoiceKind | undefined {
  const simple = schema.type === 'array' ? schema.items?.type : schema.type;
  if (simple !== 'integer' && simple !== 'string') return undefined;
  return KINDS.find(([pattern]) => pattern.test(name))?.[1];
}

const ALL = 'size=2000';

function pathOf(kind: ChoiceKind, about: Readonly<Record<string, string | number>>): string | undefined {
  switch (kind) {
    case 'host':
      return `/api/v2/compute/hosts?${ALL}`;
    case 'proxy':
      return about.id === undefined ? undefined : `/api/v2/obproxy/clusters/${about.id}`;
    case 'proxyPackage':
    case 'shortPackage':
      return `/api/v2/software-packages?${ALL}`;
    case 'credential':
      return '/api/v2/profiles/me/credentials';
    case 'idc':
      return '/api/v2/compute/idcs';
    case 'hostType':
      return '/api/v2/compute/hostTypes';
    case 'zone':
      return about.id === undefined ? undefined : `/api/v2/ob/clusters/${about.id}`;
    default:
      return `/api/v2/ob/clusters?${ALL}`;
  }
}

function optionsOf(kind: ChoiceKind, answer: unknown): readonly Option[] {
  const { contents = [] } = answer as Partial<PageOf<unknown>>;
  switch (kind) {
    case 'host':
      return (contents as readonly HostDocument[]).map(
        ({ id, innerIpAddress, idcName, status, services }) => ({
          value: id,
          label: innerIpAddress,
          more: [idcName, status, ...services.map(({ name }) => name)].join(' · '),
        }),
      );
    case 'proxy':
      return (answer as ObproxyClusterDocument).obproxies.map(({ id, ip, sqlPort, status, idcName }) => ({
        value: id,
        label: `${ip}:${sqlPort}`,
        more: `${idcName} · ${status}`,
      }));
    case 'proxyPackage':
      return (contents as readonly ListedPackage[])
        .filter(({ type }) => type.startsWith('OBPROXY'))
        .map(({ fileName }) => ({ value: fileName, label: fileName }));
    case 'shortPackage':
      return (contents as readonly ListedPackage[])
        .filter(({ type }) => type.startsWith('OBPROXY'))
        .map(({ name, version, buildNumber, fileName }) => ({
          value: `${name}-${version}-${buildNumber}`,
          label: `${name}-${version}-${buildNumber}`,
          more: fileName,
        }));
    case 'obCluster':
      return (contents as readonly ObClusterDocument[]).map(({ id, name }) => ({ value: id, label: name }));
    case 'obClusterName':
      return (contents as readonly ObClusterDocument[]).map(({ name }) => ({ value: name, label: name }));
    case 'zone':
      return (answer as ObClusterDocument).zones.map(({ name, idcName }) => ({
        value: name,
        label: name,
        more: idcName,
      }));
    default:
      return (contents as readonly Named[]).map(({ id, name, username }) => ({
        value: id,
        label: name ?? String(id),
        ...(username === undefined ? {} : { more: username }),
      }));
  }
}

/** Asks for what can be chosen; undefined while it is not known, or where it may not be seen. */
export function Choice({
  kind,
  about,
  children,
}: {
  kind: ChoiceKind;
  about: Readonly<Record<string, string | number>>;
  children: (options: readonly Option[] | undefined) => ReactNode;
}) {
  const { data } = useGet<unknown>(pathOf(kind, about), { refresh: false });
  return children(data === undefined ? undefined : optionsOf(kind, data));
}
