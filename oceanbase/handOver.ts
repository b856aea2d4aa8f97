/**
 * What an OBProxy tells of a hot restart, and how long its parts may take. Pure; OBProxy's source and 4.3.1, observed.
 */
import { isAtLeast } from './versions';

/** Oldest version that hands over to a new process (OCP documentation, "Restart an OBProxy", "Upgrade an OBProxy"). */
const OLDEST = '3.2.1';

export function canHandOver(version: string): boolean {
  return isAtLeast(version, OLDEST);
}

/** Of the one long text that SHOW PROXYINFO UPGRADE answers. */
export interface UpgradeInfo {
  /** The process was started by a hot restart of the one before it. */
  readonly inherited: boolean;
  /** False while it waits for its child to serve, and while it leaves. */
  readonly accepts: boolean;
  /** `HU_STATE_WAIT_HU_CMD`: a command is taken. In any other state it is dropped without a word. */
  readonly state: string;
}

const READY = 'HU_STATE_WAIT_HU_CMD';

/** Undefined when the text has not what is asked for. */
export function parseUpgradeInfo(text: string): UpgradeInfo | undefined {
  const inherited = /\bis_inherited:\s*(true|false|0|1)\b/.exec(text)?.[1];
  const state = /\bstate:\s*"?(HU_STATE_[A-Z_]+)/.exec(text)?.[1];
  if (inherited === undefined || state === undefined) return undefined;
  const accepts = /\bneed_conn_accept:\s*(true|false|0|1)\b/.exec(text)?.[1];
  const isOn = (word: string | undefined): boolean => word === 'true' || word === '1';
  return { inherited: isOn(inherited), accepts: accepts === undefined || isOn(accepts), state };
}

/** Whether the process takes the command of a hot restart now. */
export function isReady(info: UpgradeInfo): boolean {
  return info.state === READY && info.accepts;
}

const MILLISECONDS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds of a time as OBProxy writes it: `5s`, `100ms`, `24h`; a number alone means seconds. Undefined when it is none. */
export function milliseconds(text: string): number | undefined {
  const match = /^(\d+)\s*(us|ms|s|m|h|d)?$/i.exec(text.trim());
  if (match === null) return undefined;
  return Number(match[1]) * (MILLISECONDS[(match[2] ?? 's').toLowerCase()] ?? 1_000);
}

/** The same of hot_upgrade_exit_timeout, a number of microseconds; -1 is for ever. OBProxy's default when it is no number. */
export function exitTimeoutMs(value: string | undefined): number {
  const microseconds = Number(value ?? '');
  if (value === undefined || value === '' || !Number.isFinite(microseconds)) return 30_000;
  return microseconds < 0 ? Number.POSITIVE_INFINITY : microseconds / 1_000;
}
