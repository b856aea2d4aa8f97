import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { repositoryRoot } from '../../runtime/paths';
import { Visitor } from '../support/browser';

/** Pictures of what was on the screen when a test failed. */
const FAILURES = path.join(repositoryRoot(), 'coverage', 'console');
/** What a browser prints of a server that was killed by the test itself. */
const OF_THE_NETWORK = /net::ERR_|Failed to load resource/;

/** Somebody before the console: logs in as people do, and remembers everything that a good page would not have said. */
export class ConsoleVisitor {
  readonly #visitor: Visitor;
  readonly #url: string;
  readonly errors: string[] = [];

  private constructor(visitor: Visitor, url: string) {
    this.#visitor = visitor;
    this.#url = url;
    const { page } = visitor;
    page.on('console', (message) => {
      if (message.type() === 'error' && !OF_THE_NETWORK.test(message.text()))
        this.errors.push(message.text());
    });
    page.on('pageerror', (error) => this.errors.push(error.message));
  }

  static async open(url: string, locale?: string): Promise<ConsoleVisitor> {
    return new ConsoleVisitor(await Visitor.open(url, locale), url);
  }

  get page(): Page {
    return this.#visitor.page;
  }

  /** Addresses outside that the page asked for. */
  get foreign(): readonly string[] {
    return this.#visitor.refused;
  }

  /** @param place below /console/ */
  visit(place: string, expected: (page: Page) => Locator): Promise<void> {
    return this.#visitor.visit(`${this.#url}/console/${place}`, expected);
  }

  async logIn(name: string, password: string): Promise<void> {
    const { page } = this;
    await this.#visitor.visit(`${this.#url}/console/`, (shown) => shown.locator('[name=username]'));
    await page.locator('[name=username]').fill(name);
    await page.locator('[name=password]').fill(password);
    await page.locator('form button[type=submit]').click();
    await page.locator('.shell').waitFor();
  }

  async picture(name: string): Promise<void> {
    mkdirSync(FAILURES, { recursive: true });
    const file = path.join(FAILURES, `${name.replace(/\W+/g, '-').slice(0, 80)}.png`);
    await this.page.screenshot({ path: file, fullPage: true }).catch(() => undefined);
    console.log(`what the page showed: ${file}`);
  }

  close(): Promise<void> {
    return this.#visitor.close();
  }
}

/** `it`, with a picture of every page when it fails. */
export function shown(
  name: string,
  visitors: () => readonly ConsoleVisitor[],
  test: () => Promise<void>,
): void {
  it(name, async () => {
    try {
      await test();
    } catch (error) {
      for (const [at, visitor] of visitors().entries()) await visitor.picture(`${name} ${at}`);
      throw error;
    }
  });
}
