/** The values of all parameters: what is stored and shown, and what this process really uses. */
import { createHash } from 'node:crypto';
import { isMemoryOnly, type Parameter, parametersOf } from './parameters';
import type { Store, StoredRow } from './store';
import { accepted, isTrue, microsecondsOf } from './values';

/** OceanBase's error numbers as a MySQL client gets them. */
export const ERRORS = {
  internal: { code: 4016, message: 'Internal error' },
  notExist: { code: 4018, message: 'Entry not exist' },
  invalidConfig: { code: 4147, message: 'Invalid config' },
  clusterNotExist: { code: 4669, message: 'cluster not exist' },
  unknownConfig: { code: 5099, message: 'System config unknown' },
  multiStatement: { code: 5010, message: 'multi-statement is not supported' },
  tooLong: { code: 8007, message: 'size overflow' },
  notSupported: { code: 1235, message: 'Not supported feature or function' },
  syntax: { code: 1064, message: 'You have an error in your SQL syntax' },
} as const;

/** Thrown when OBProxy would answer a change with this error. */
export class Refused extends Error {
  constructor(readonly error: { code: number; message: string }) {
    super(error.message);
  }
}

/** ALTER PROXYCONFIG takes at most this many bytes of a value (OBProxy 4.3.1, observed). */
const MAX_ALTER_BYTES = 511;

export function passwordHash(plain: string): string {
  return plain === '' ? '' : createHash('sha1').update(plain).digest('hex');
}

/** The process already uses the new one although the parameter is flagged need_reboot (OBProxy 4.3.1, observed). */
const APPLIED_ANYWAY = 'obproxy_config_server_url';

export class Settings {
  private readonly parameters: ReadonlyMap<string, Parameter>;
  private readonly shown = new Map<string, string>();
  private running: ReadonlyMap<string, string> = new Map();

  constructor(
    version: string,
    private readonly store: Store,
    private readonly complain: (line: string) => void,
  ) {
    this.parameters = parametersOf(version);
    for (const parameter of this.parameters.values()) this.shown.set(parameter.name, parameter.initial);
  }

  /** Takes the stored values: a bad one leaves the default and a line in the log, an unknown one is ignored. */
  takeStored(): void {
    for (const [name, value] of this.store.globalValues()) {
      const parameter = this.parameters.get(name);
      if (parameter === undefined || isMemoryOnly(name)) continue;
      const kept = accepted(parameter, value);
      if (kept === undefined) this.complain(`invalid stored value of ${name}, default used, ret=-4147`);
      else this.shown.set(name, kept);
    }
  }

  /** Takes one value of the command line. False when the start must die of it; unknown names are ignored. */
  takeOption(name: string, value: string): boolean {
    const parameter = this.parameters.get(name);
    if (parameter === undefined) {
      this.complain(`unknown option ${name} ignored`);
      return true;
    }
    const kept = accepted(parameter, value);
    if (kept !== undefined) this.shown.set(name, kept);
    return kept !== undefined;
  }

  /** Writes every value, defaults included: later starts need no options. */
  storeAll(): void {
    this.store.putAll(
      [...this.parameters.values()].filter(({ name }) => !isMemoryOnly(name)).map((one) => this.row(one)),
    );
  }

  /** From here on a change of a need_reboot parameter no longer reaches this process. */
  freeze(): void {
    this.running = new Map(this.shown);
  }

  private row(parameter: Parameter): StoredRow {
    return { ...parameter, value: this.shown.get(parameter.name) ?? parameter.initial };
  }

  /** The value this process uses. */
  value(name: string): string {
    const frozen = this.parameters.get(name)?.needReboot === true && name !== APPLIED_ANYWAY;
    return (frozen ? this.running.get(name) : undefined) ?? this.shown.get(name) ?? '';
  }

  isOn(name: string): boolean {
    return isTrue(this.value(name));
  }

  milliseconds(name: string): number {
    return (microsecondsOf(this.value(name)) ?? 0) / 1000;
  }

  /** All parameters with the value that SHOW PROXYCONFIG tells (which may wait for a restart). */
  list(): { parameter: Parameter; value: string }[] {
    return [...this.parameters.values()].map((parameter) => ({
      parameter,
      value: this.shown.get(parameter.name) ?? '',
    }));
  }

  find(name: string): Parameter | undefined {
    return this.parameters.get(name.toLowerCase());
  }

  /** ALTER PROXYCONFIG SET: plain passwords are hashed here. Throws Refused, and then the old value stays. */
  alter(name: string, value: string): void {
    const parameter = this.find(name);
    if (parameter === undefined) throw new Refused(ERRORS.unknownConfig);
    if (parameter.name === 'app_name') throw new Refused(ERRORS.notSupported);
    if (Buffer.byteLength(value) > MAX_ALTER_BYTES) throw new Refused(ERRORS.tooLong);
    this.change(parameter, value);
  }

  /** A LEVEL_GLOBAL row of table proxy_config: like ALTER, but app_name and long values pass. Throws Refused. */
  replaceGlobal(name: string, value: string): void {
    const parameter = this.find(name);
    if (parameter === undefined) throw new Refused(ERRORS.unknownConfig);
    this.change(parameter, value);
  }

  /** Back to its default without storing, for switches that reset themselves. */
  reset(name: string): void {
    const parameter = this.parameters.get(name);
    if (parameter !== undefined) this.shown.set(name, parameter.initial);
  }

  private change(parameter: Parameter, value: string): void {
    const kept = accepted(parameter, parameter.kind === 'password' ? passwordHash(value) : value);
    if (kept === undefined) throw new Refused(ERRORS.invalidConfig);
    const old = this.shown.get(parameter.name) ?? '';
    this.shown.set(parameter.name, kept);
    const withoutClusters =
      this.shown.get('rootservice_list') === '' && this.shown.get('obproxy_config_server_url') === '';
    try {
      if (withoutClusters) throw new Refused(ERRORS.invalidConfig);
      if (!isMemoryOnly(parameter.name)) this.store.put(this.row(parameter));
    } catch (error) {
      this.shown.set(parameter.name, old);
      if (error instanceof Refused) throw error;
      // A full disk or a removed etc: the old value stays (OBProxy 4.3.1, observed).
      throw new Refused(ERRORS.internal);
    }
  }
}
