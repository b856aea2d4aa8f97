/**
 * The object that a subtask is about (host, server, zone, cluster, tenant), whoever made it: named by the innermost
 * element of its kind, else by the key of the context that OCP documents for one. Pure.
 */
import { kindOf } from '../../workflows/interpreter/expansion';
import type { FanOutElement, SubtaskInput } from '../../workflows/plan';
import type { Needs } from '../types';

/** Lists that subtasks are split by, and the key that names a single one of the same kind. */
const SINGLE = {
  host_ids: 'host_id',
  server_ids: 'server_id',
  obproxy_server_ids: 'obproxy_server_id',
  zone_names: 'zone_name',
  cluster_ids: 'cluster_id',
  obproxy_cluster_ids: 'obproxy_cluster_id',
  tenant_ids: 'tenant_id',
} as const;

export type ObjectKind = keyof typeof SINGLE;

/** To be needed by a subtask whose host is asked for. */
export const HOST = {
  host_id: 'value?',
  server_id: 'value?',
  obproxy_server_id: 'value?',
} as const satisfies Needs;

/** What a subtask works on, outermost first. */
export function elementsOf(input: Pick<SubtaskInput, 'element' | 'elements'>): readonly FanOutElement[] {
  return input.elements ?? (input.element === undefined ? [] : [input.element]);
}

/** An object of one of several kinds. */
export interface NamedObject<K extends ObjectKind> {
  readonly kind: K;
  readonly name: string;
}

/** The first of the kinds that names an object: the innermost element first, then the context's keys in their order. */
export function objectOf<K extends ObjectKind>(
  input: Pick<SubtaskInput, 'element' | 'elements' | 'context'>,
  kinds: readonly K[],
): NamedObject<K> | undefined {
  for (const { key, value } of [...elementsOf(input)].reverse()) {
    const kind = kinds.find((candidate) => candidate === kindOf(key));
    if (kind !== undefined) return { kind, name: value };
  }
  for (const kind of kinds) {
    const name = input.context.stringMap[SINGLE[kind]];
    if (name !== undefined) return { kind, name };
  }
  return undefined;
}

/** The id of an object, or undefined when nothing names one or the name is no id. */
export function objectId(
  input: Pick<SubtaskInput, 'element' | 'elements' | 'context'>,
  kind: ObjectKind,
): number | undefined {
  const named = objectOf(input, [kind]);
  return named === undefined ? undefined : idOf(named.name);
}

/** Ids are whole numbers from 0. */
export function idOf(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
