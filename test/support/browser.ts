import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { BROWSERS, findTool } from '../../sandbox/setup/packages';

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** A page that does not show what is expected within this time is loaded again. */
const LOOK_MS = 15_000;
const DEADLINE_MS = 60_000;

const executable = () => BROWSERS.map(findTool).find((file) => file !== undefined);

/** One line that says that this machine has no Chromium and how to get it; undefined when it has one. */
export function chromiumUnavailable(): string | undefined {
  if (executable() !== undefined) return undefined;
  return `there is no Chromium; install it with: apt-get install -y --no-install-recommends chromium (or dnf install -y chromium)`;
}

/** Chromium, with a home of its own: it leaves files in the home and temporary folders of whoever starts it. */
export async function launched(): Promise<{ browser: Browser; home: string }> {
  const executablePath = executable();
  if (executablePath === undefined) throw new Error(chromiumUnavailable());
  const home = await mkdtemp(path.join(os.tmpdir(), 'obflow-browser-'));
  const env = { PATH: process.env.PATH, HOME: home, TMPDIR: home };
  const browser = await chromium
    .launch({ executablePath, headless: true, args: ARGS, env })
    .catch(async (error: unknown) => {
      await rm(home, { recursive: true, force: true });
      throw error;
    });
  return { browser, home };
}

/** A browser that can load from one address only, and remembers all that its page held. */
export class Visitor {
  readonly page: Page;
  readonly #browser: Browser;
  readonly #home: string;
  readonly #refused: string[];
  #seen = '';

  private constructor(browser: Browser, home: string, page: Page, refused: string[]) {
    this.#browser = browser;
    this.#home = home;
    this.page = page;
    this.#refused = refused;
  }

  /** @param origin as in `http://127.0.0.1:8233` */
  static async open(origin: string, locale = 'en-US'): Promise<Visitor> {
    const { browser, home } = await launched();
    const context = await browser.newContext({ viewport: { width: 1500, height: 1200 }, locale });
    const refused: string[] = [];
    // Requests are made by this process: Chromium drops every one under way (ERR_NETWORK_CHANGED) when an interface
    // comes or goes, as those of test hosts do all the time.
    await context.route('**/*', async (route) => {
      const url = route.request().url();
      if (!url.startsWith(`${origin}/`)) {
        refused.push(url);
        return route.abort();
      }
      // A stream has no end to wait for; who reads one takes it up again when it is dropped.
      if (route.request().headers().accept === 'text/event-stream') return route.continue();
      try {
        await route.fulfill({ response: await route.fetch({ timeout: 0, maxRedirects: 0 }) });
      } catch {
        // The page went elsewhere or the browser closes; nobody waits for the answer.
        await route.abort().catch(() => undefined);
      }
    });
    const page = await context.newPage();
    page.setDefaultTimeout(DEADLINE_MS);
    return new Visitor(browser, home, page, refused);
  }

  /** Opens the address, again and again if need be, until it shows what is expected. */
  async visit(url: string, expected: (page: Page) => Locator): Promise<void> {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
      try {
        await this.page.goto(url, { timeout: LOOK_MS });
        await expected(this.page).first().waitFor({ timeout: LOOK_MS });
        return;
      } catch (error) {
        if (Date.now() > deadline) {
          throw new Error(`${url} shows only:\n${await this.page.innerText('body')}`, { cause: error });
        }
      }
    }
  }

  /** Keeps what the page and its frames hold now, hidden parts included, for `seen`. */
  async remember(): Promise<void> {
    const frames = this.page.frames().map((frame) => frame.content().catch(() => ''));
    this.#seen += [this.page.url(), ...(await Promise.all(frames))].join('\n');
  }

  get seen(): string {
    return this.#seen;
  }

  /** Addresses outside that a page asked for and did not get. */
  get refused(): readonly string[] {
    return this.#refused;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await rm(this.#home, { recursive: true, force: true, maxRetries: 5 });
  }
}
