/**
 * Setting parameters of an OceanBase cluster: all of a request is looked at before the first statement is sent, each statement
 * stands for itself, and what came of it is read back from every server.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { openAsSys } from '../../contact/clusterState';
import {
  CONFIG_ERRNO,
  isShownAs,
  type ObParameter,
  type ParameterSetting,
  parameterServer,
  setParameterSql,
  shownValue,
} from '../../oceanbase/clusterParameters';
import type { ClusterSession } from '../../oceanbase/clusterSession';
import { couldNotAsk, SqlError } from '../../oceanbase/sqlSession';
import { Refusal } from '../../operations/refusal';
import { saidOf, TransientError } from '../../runtime/errors';
import { say, type Text } from '../../runtime/messages/catalogue';
import type { ObClusterRow } from '../../store/types';
import { type Asking, askAsSys, clusterRefusal, contactOf, sqlSaid } from './askCluster';
import { askKnown, type Known, type ParameterWish, type Setting, settingsOf } from './parameterSettings';

/** What to know of a change that was made. */
export interface ParameterFinding {
  readonly level: 'WARN' | 'INFO';
  readonly message: Text;
}

/** Servers learn of a new value with their next heartbeat: seconds. */
const SPREAD_MS = 15_000;
const LOOK_EVERY_MS = 300;

/** Sets what is wished. Throws Refusal, or TransientError when servers do not follow. */
export async function setClusterParameters(
  services: Asking,
  cluster: ObClusterRow,
  wishes: readonly ParameterWish[],
): Promise<ParameterFinding[]> {
  const { known, settings } = await askAsSys(services, cluster, async (session) => {
    const asked = await askKnown(session, wishes);
    return {
      known: asked,
      settings: wishes.flatMap((wish, index) => settingsOf(cluster, asked, wish, index)),
    };
  });
  const done: Setting[] = [];
  for (const setting of settings) {
    await send(services, cluster, setting, done);
    done.push(setting);
  }
  const silent = await readBack(services, cluster, known, settings);
  const waiting = new Set(settings.filter(({ facts }) => facts.needRestart).map(({ name }) => name));
  return [
    ...[...waiting].map((name) => ({
      level: 'INFO' as const,
      message: say('obParameter.needRestart', { name }),
    })),
    ...(silent.length === 0
      ? []
      : [
          {
            level: 'WARN' as const,
            message: say('obParameter.silentServers', { servers: silent.join(', ') }),
          },
        ]),
  ];
}

/** Sends one statement; one whose answer is lost, or that nobody could take, is asked about, then sent once more. */
async function send(
  services: Asking,
  cluster: ObClusterRow,
  setting: Setting,
  done: readonly Setting[],
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    let asked = false;
    try {
      const session = await openAsSys(services.store, cluster, contactOf(services, 20_000));
      try {
        if (tries > 1 && hasTaken(await rowsOf(session, setting), setting)) return;
        asked = true;
        await session.alter(setParameterSql(setting));
        return;
      } finally {
        session.close();
      }
    } catch (error) {
      if (!couldNotAsk(error)) {
        throw error instanceof SqlError && asked
          ? refusedBy(cluster, error, setting, done)
          : clusterRefusal(cluster, error);
      }
      if (tries === 2) throw lostTwice(cluster, error, setting, done);
    }
  }
}

function lostTwice(
  { name: cluster, id }: ObClusterRow,
  error: unknown,
  setting: Setting,
  done: readonly Setting[],
): Refusal {
  const text = say('obParameter.lost', {
    ...{ cluster, setting: settingText(setting), said: saidOf(error) },
    before: beforeText(done),
  });
  return new Refusal(503, 'OBE11028', text, { target: `obCluster:${id}` });
}

function refusedBy(
  { name: cluster, id }: ObClusterRow,
  error: SqlError,
  setting: Setting,
  done: readonly Setting[],
) {
  const codes: Readonly<Record<number, string>> = {
    [CONFIG_ERRNO.unknown]: 'OBE31201',
    [CONFIG_ERRNO.invalid]: 'OBE31202',
    [CONFIG_ERRNO.notAllowed]: 'OBE31204',
  };
  const code = codes[error.errno];
  const text = say('obParameter.refused', {
    ...{ cluster, setting: settingText(setting), said: sqlSaid(error) },
    before: beforeText(done),
  });
  return new Refusal(code === undefined ? 409 : 400, code ?? 'OBE11007', text, { target: `obCluster:${id}` });
}

function settingText({ name, value, at, tenant }: ParameterSetting): Text {
  const places: Text[] = [];
  if (at !== undefined) {
    places.push(
      'zone' in at
        ? say('obParameter.atZone', at)
        : say('obParameter.atServer', { server: parameterServer(at.server) }),
    );
  }
  if (tenant !== undefined) places.push(say('obParameter.ofTenant', { tenant }));
  return say('obParameter.setting', { name, value: shownValue(name, value), where: places });
}

function beforeText(done: readonly Setting[]): Text {
  return done.length === 0
    ? say('obParameter.noneBefore')
    : say('obParameter.setBefore', { settings: done.map(settingText) });
}

/** What servers show of a setting, as far as it is theirs. */
async function rowsOf(session: ClusterSession, { name, at, tenant }: Setting): Promise<ObParameter[]> {
  const rows = await session.parameterRows(name, tenant);
  return rows.filter(({ zone, ip, rpcPort }) => {
    if (at === undefined) return true;
    return 'zone' in at ? zone === at.zone : ip === at.server.ip && rpcPort === at.server.rpcPort;
  });
}

function hasTaken(rows: readonly ObParameter[], { facts, value }: Setting): boolean {
  return rows.length > 0 && rows.every((row) => isShownAs(facts, row.value, value));
}

/**
 * Waits until every server shows what was set, and names those of the cluster that show nothing, being away. Throws
 * TransientError naming the servers that do not follow.
 */
async function readBack(
  services: Asking,
  cluster: ObClusterRow,
  known: Known,
  settings: readonly Setting[],
): Promise<string[]> {
  const deadline = Date.now() + SPREAD_MS;
  // Of two settings of one parameter for one place the later one counts.
  const last = [
    ...new Map(settings.map((one) => [JSON.stringify([one.name, one.at, one.tenant]), one])).values(),
  ];
  for (;;) {
    const { behind, silent } = await askAsSys(services, cluster, (session) => look(session, known, last));
    if (behind.length === 0) return silent;
    if (Date.now() > deadline) {
      throw new TransientError({
        type: 'ParameterNotTaken',
        code: 'COM10004',
        tried: say('obParameter.set', { cluster: cluster.name }),
        cameBack: behind,
        next: say('obParameter.behindNext'),
      });
    }
    await pause(LOOK_EVERY_MS);
  }
}

async function look(
  session: ClusterSession,
  known: Known,
  settings: readonly Setting[],
): Promise<{ behind: Text[]; silent: string[] }> {
  const behind: Text[] = [];
  const silent = new Set<string>();
  for (const setting of settings) {
    const rows = await rowsOf(session, setting);
    const others = rows.filter((row) => !isShownAs(setting.facts, row.value, setting.value));
    if (others.length > 0 || rows.length === 0) {
      const values = [...new Set(others.map(({ name, value }) => shownValue(name, value)))];
      behind.push(
        say('obParameter.behind', {
          setting: settingText(setting),
          servers: others.map(parameterServer).join(', '),
          values: values.join(', '),
        }),
      );
    }
    // A tenant has no row on a server without a unit of it.
    if (setting.tenant !== undefined) continue;
    for (const server of known.servers) {
      const meant =
        setting.at === undefined || ('zone' in setting.at ? setting.at.zone === server.zone : false);
      const told = rows.some(({ ip, rpcPort }) => ip === server.ip && rpcPort === server.rpcPort);
      if (meant && !told) silent.add(parameterServer(server));
    }
  }
  return { behind, silent: [...silent] };
}
