import type { Pair } from '../../workflows/text';

/** What adding zones says, and what a zone needs that is to be added. */
export const GROWING = {
  'zone.add': ['add zone {zone}', '添加 Zone {zone}'],
  'zone.delete': ['delete zone {zone}', '删除 Zone {zone}'],
  'zone.place': ['tell the cluster where zone {zone} lies', '告知集群 Zone {zone} 的位置'],
  'zone.added': ['{cluster} has the zone {zone}, {status}', '{cluster} 已有 Zone {zone}，{status}'],
  'zone.deleted': ['{cluster} has no zone {zone} any more', '{cluster} 中已没有 Zone {zone}'],
  'zone.liesIn': [
    'Zone {zone} lies in region {region}, IDC {idc}',
    'Zone {zone} 位于区域 {region}，机房 {idc}',
  ],
  'zone.liesElsewhere': ['the cluster says region {region}, IDC {idc}', '集群显示区域 {region}，机房 {idc}'],
  'zone.recordRemoved': ['The record of zone {zone} is removed', '已删除 Zone {zone} 的记录'],
  'zone.there': ['it has a zone {zone} already ({status})', '其中已有 Zone {zone}（{status}）'],
  'zone.addedByOthers': [
    'it has a zone {zone}, which this task has not added',
    '其中已有 Zone {zone}，但不是由本任务添加的',
  ],
  'zone.hasServers': [
    'zone {zone} has servers that this task has not added: {servers}',
    'Zone {zone} 中有不是由本任务添加的服务器：{servers}',
  ],
  'next.chooseOtherZone': [
    'Roll back, and send the request again with another name; or add servers to the zone that is there.',
    '请回滚，并使用其他名称重新发送请求；或者向已有的 Zone 添加服务器。',
  ],
  'next.deleteServersOfZone': [
    'Delete these servers from the cluster, then roll back again; or skip this undo, and the zone stays.',
    '请从集群中删除这些服务器，然后再次回滚；或者跳过这个撤销，保留该 Zone。',
  ],
  'next.whyZoneRefused': [
    'Repair what OceanBase names (4632: it has as many zones as it can have), then retry.',
    '请按 OceanBase 的提示修复（4632：Zone 数量已达上限），然后重试。',
  ],
  'taken.zone': ['There is a zone {zone} already', 'Zone {zone} 已存在'],
  'zone.exists': [
    'OceanBase cluster "{cluster}" has a zone "{name}" already. Choose another name, or add servers to that zone.',
    'OceanBase 集群“{cluster}”已有 Zone“{name}”。请使用其他名称，或向该 Zone 添加服务器。',
  ],
  'zone.tooMany': [
    'OceanBase cluster "{cluster}" has {count} zones, and cannot have more than {limit}. Add servers to a zone that it has.',
    'OceanBase 集群“{cluster}”已有 {count} 个 Zone，最多只能有 {limit} 个。请向已有的 Zone 添加服务器。',
  ],
  'zone.badName': [
    '"{name}" cannot be the name of a zone: 2 to 64 letters, digits and underscores, a letter first.',
    '“{name}”不能作为 Zone 的名称：应为 2 到 64 个字母、数字和下划线，且以字母开头。',
  ],
  'zone.noIdc': [
    'There is no IDC "{name}". Known are: {known}.',
    '机房“{name}”不存在。已有的机房：{known}。',
  ],
  'zone.longPlace': [
    'The names of IDC "{idc}" and region "{region}" must each fit into {limit} bytes of UTF-8: OceanBase stores no longer ones.',
    '机房“{idc}”和区域“{region}”的名称的 UTF-8 编码都不能超过 {limit} 字节：OceanBase 无法保存更长的名称。',
  ],
  'host.otherIdc': [
    'Host {ip} lies in IDC {idc} (region {region}), zone "{zone}" in IDC {zoneIdc}. Name the IDC of its hosts, or choose other hosts.',
    '主机 {ip} 位于机房 {idc}（区域 {region}），而 Zone“{zone}”位于机房 {zoneIdc}。请指定其主机所在的机房，或选择其他主机。',
  ],
  'hosts.otherArchitecture': [
    'Host {ip} is {architecture}, the request says {wanted}. Correct it, or choose other hosts.',
    '主机 {ip} 的架构为 {architecture}，而请求要求 {wanted}。请更正请求，或选择其他主机。',
  ],
  'zone.would': [
    'Zone {zone} would be added in region {region}, IDC {idc}, with {count} servers (ADD ZONE, START ZONE, ADD SERVER). No tenant gets a replica there before its locality names the zone.',
    '将在区域 {region}、机房 {idc} 添加 Zone {zone}，其中有 {count} 台服务器（ADD ZONE、START ZONE、ADD SERVER）。在租户的 locality 中指定该 Zone 之前，不会有租户的副本分布在其中。',
  ],
  'zone.otherRegions': [
    'The zones of the cluster lie in region {regions}, the new one in {region}: replicas far away make commits slower.',
    '集群的 Zone 位于区域 {regions}，新 Zone 位于 {region}：副本距离较远会使提交变慢。',
  ],
} as const satisfies Record<string, Pair>;
