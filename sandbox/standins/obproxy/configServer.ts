/** Asking the config server, at the start and for ever after (OBProxy 4.3.1, observed). */
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import path from 'node:path';
import { replaceFile } from '../files';
import type { Cluster } from './admin';
import {
  type ConfigDocument,
  configDocument,
  type RootServer,
  rootServers,
  versionOf,
} from './configDocument';
import type { Log } from './log';
import type { Settings } from './settings';

const ANSWER_TIMEOUT_MS = 5000;
const TRIES = 3;
const REDIRECTS = 3;

/** One GET with nothing but Host and Accept. Undefined for anything but 2xx (a 500 is refused whatever it carries). */
function ask(url: string, redirects = REDIRECTS): Promise<{ body?: string; again: boolean }> {
  return new Promise((resolve) => {
    const fail = (again: boolean): void => resolve({ again });
    try {
      const request = get(url, { headers: { Accept: '*/*' }, agent: false }, (response) => {
        const status = response.statusCode ?? 0;
        const location = response.headers.location;
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => fail(true));
        response.on('end', () => {
          if (status >= 300 && status < 400 && location !== undefined && redirects > 0)
            ask(new URL(location, url).href, redirects - 1).then(resolve, () => fail(false));
          else if (status >= 200 && status < 300)
            resolve({ body: Buffer.concat(chunks).toString('utf8'), again: false });
          else fail(status >= 500);
        });
      });
      request.setTimeout(ANSWER_TIMEOUT_MS, () => {
        request.destroy();
        fail(true);
      });
      // A refused connection is given up at once: the listener opens in about 0.1 s all the same.
      request.on('error', () => fail(false));
    } catch {
      fail(false);
    }
  });
}

async function fetchText(url: string): Promise<string | undefined> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const { body, again } = await ask(url);
    if (body !== undefined || !again) return body;
  }
  return undefined;
}

export class ConfigServer {
  private document: ConfigDocument | undefined;
  private readonly roots = new Map<string, readonly RootServer[]>();
  private stopped = false;
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(
    private readonly home: string,
    private readonly settings: Settings,
    private readonly log: Log,
  ) {}

  clusters(): readonly Cluster[] {
    return this.document?.clusters ?? [];
  }

  version(): string {
    return this.document?.version ?? '';
  }

  rootServersOf(cluster: string): readonly RootServer[] {
    return this.roots.get(cluster) ?? [];
  }

  /** Its root servers are fetched again at the next login of a user. False when it knows no such cluster. */
  forget(cluster: string): boolean {
    return this.roots.delete(cluster);
  }

  /**
   * Before the listener opens: the server is asked first, the local copy is only a fallback. Never fails: without
   * either the proxy runs with no cluster.
   */
  async start(): Promise<void> {
    await this.refresh(true);
    if (this.document === undefined) this.document = this.stored();
    this.schedule();
    this.askMetaDatabase();
  }

  stop(): void {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
  }

  private file(folder: string): string {
    return path.join(this.home, folder, 'obproxy_config_server_info.json');
  }

  private stored(): ConfigDocument | undefined {
    for (const folder of ['etc', '.conf']) {
      try {
        const document = configDocument(readFileSync(this.file(folder), 'utf8'));
        if (document !== undefined) return document;
      } catch {
        // The next copy, or none.
      }
    }
    return undefined;
  }

  /** VersionOnly first; the whole document only when the Version is another one, or when told so. */
  private async refresh(always: boolean): Promise<void> {
    const url = this.settings.value('obproxy_config_server_url');
    if (url === '') return;
    // Appended literally, also to a URL without `?`.
    const short = await fetchText(`${url}&VersionOnly=true`);
    const version = short === undefined ? undefined : versionOf(short);
    if (version === undefined) {
      this.log.write('WDIAG', 'fail to fetch the version of the config server');
      return;
    }
    if (!always && version === this.version()) return;
    const body = await fetchText(url);
    if (body === undefined) return;
    const document = configDocument(body);
    if (document === undefined) {
      // An emptied list is rejected, too: the last cluster cannot be removed this way.
      this.log.write('WDIAG', 'new json info is invalid, the old one stays');
      return;
    }
    this.document = document;
    try {
      for (const folder of ['etc', '.conf']) replaceFile(this.file(folder), body);
    } catch (error) {
      this.log.write('WDIAG', `fail to store the config server's answer: ${String(error)}`);
    }
  }

  private later(milliseconds: number, work: () => Promise<void>): void {
    if (this.stopped) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void work();
    }, milliseconds);
    this.timers.add(timer);
  }

  /** Polls after 75–100 % of the interval. Tests that cannot wait shorten it by OBPROXY_STANDIN_POLL_MS. */
  private schedule(): void {
    const hasty = Number(process.env.OBPROXY_STANDIN_POLL_MS);
    const interval = hasty > 0 ? hasty : this.settings.milliseconds('config_server_refresh_interval');
    this.later(interval * (0.75 + Math.random() / 4), async () => {
      await this.poll();
      this.schedule();
    });
  }

  private async poll(): Promise<void> {
    const take = (name: string): boolean => {
      const on = this.settings.isOn(name);
      if (on) this.settings.reset(name);
      return on;
    };
    await this.refresh(take('refresh_json_config'));
    const idcs = take('refresh_idc_list');
    if (!take('refresh_rslist') && !idcs) return;
    for (const { name, rootServiceUrl } of this.clusters()) {
      if (idcs)
        await fetchText(`${rootServiceUrl.replace('ObRootServiceInfo', 'ObIDCRegionInfo')}&version=2`);
      else await this.fetchRootServers(name);
    }
  }

  /** Lazily at a user's first login to a cluster, later only on refresh_rslist. A bad list shows in the log only. */
  async fetchRootServers(cluster: string): Promise<void> {
    const url = this.clusters().find(({ name }) => name === cluster)?.rootServiceUrl;
    if (url === undefined) return;
    const body = await fetchText(`${url}&version=2`);
    const servers = body === undefined ? undefined : rootServers(body, cluster);
    if (servers === undefined) this.log.write('WDIAG', `fail to fetch rslist of "${cluster}", ret=-4237`);
    else this.roots.set(cluster, servers);
  }

  /** Once a second, for ever, unless enable_metadb_used is false – which is why installers set it so. */
  private askMetaDatabase(): void {
    if (!this.settings.isOn('enable_metadb_used')) return;
    this.later(1000, async () => {
      const url = this.document?.metaDataBase ?? '';
      if (url.startsWith('http://')) await ask(`${url}&version=2`);
      this.askMetaDatabase();
    });
  }
}
