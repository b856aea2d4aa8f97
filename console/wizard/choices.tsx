import type { ReactNode } from 'react';
import { useGet } from '../data/queries';
import type {
  HostDocument,
  ListedPackage,
  ObClusterDocument,
  ObproxyClusterDocument,
  PageOf,
} from '../data/types';
import { type ChoiceKind, choiceOf } from '../model/choice';
import { fieldsOf, type JsonSchema } from '../model/schema';

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

const ALL = 'size=2000';

function pathOf(kind: ChoiceKind, about: Readonly<Record<string, string | number>>): string | undefined {
  switch (kind) {
    case 'host':
      return `/api/v2/compute/hosts?${ALL}`;
    case 'proxy':
      return about.id === undefined ? undefined : `/api/v2/obproxy/clusters/${about.id}`;
    case 'proxyPackage':
    case 'obPackage':
    case 'shortPackage':
      return `/api/v2/software-packages?${ALL}`;
    case 'obproxyCluster':
      return `/api/v2/obproxy/clusters?${ALL}`;
    case 'credential':
      return '/api/v2/profiles/me/credentials';
    case 'idc':
    case 'idcName':
      return '/api/v2/compute/idcs';
    case 'hostType':
      return '/api/v2/compute/hostTypes';
    case 'zone':
    case 'obServer':
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
    case 'obPackage':
      return (contents as readonly ListedPackage[])
        .filter(({ type }) => type.startsWith('OB_SERVER'))
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
    case 'obServer':
      return (answer as ObClusterDocument).zones.flatMap(({ name: zone, servers }) =>
        servers.map(({ id, ip, sqlPort, status }) => ({
          value: id,
          label: `${ip}:${sqlPort}`,
          more: `${zone} · ${status}`,
        })),
      );
    case 'idcName':
      return (contents as readonly Named[]).map(({ id, name = String(id) }) => ({
        value: name,
        label: name,
      }));
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

/** What people call the things that a form has chosen in its first field of that kind; none where it has no such field. */
export function useChosen(
  body: JsonSchema | undefined,
  value: unknown,
  about: Readonly<Record<string, string | number>>,
): readonly string[] {
  const [field, kind] = fieldsOf(body ?? {})
    .map(({ name, schema }) => [name, choiceOf(name, schema)] as const)
    .find(([, found]) => found !== undefined) ?? ['', undefined];
  const path = kind === undefined ? undefined : pathOf(kind, about);
  const { data } = useGet<unknown>(path, { refresh: false });
  const held = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : [];
  const chosen = Array.isArray(held) ? (held as readonly unknown[]) : held === undefined ? [] : [held];
  const options = data === undefined || kind === undefined ? [] : optionsOf(kind, data);
  return chosen.map((one) => options.find((option) => option.value === one)?.label ?? String(one));
}
