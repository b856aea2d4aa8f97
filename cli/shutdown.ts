import { complain, say, textOf } from './output';

interface Step {
  /** What happens, as the terminal shows it; undefined when it takes no time. */
  readonly text: string | undefined;
  readonly run: () => Promise<unknown>;
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
/** npm forwards the SIGINT that the terminal has sent to this process already: that is one Ctrl-C, not two. */
const SAME_PRESS_MS = 250;

/**
 * What was started, ended in reverse order. The first SIGINT or SIGTERM ends it step by step, each line says what
 * happens next; a second one exits at once (the own dev server ends with this process, running steps of tasks are
 * taken up again at the next start).
 */
export class Shutdown {
  readonly #steps: Step[] = [];
  readonly #requested: Promise<number>;
  /** When the stop began. */
  #stopping: number | undefined;

  constructor() {
    this.#requested = new Promise((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.on(signal, () => {
          if (this.#stopping !== undefined) {
            if (performance.now() - this.#stopping < SAME_PRESS_MS) return;
            say(`${signal} again: stopping at once.`);
            process.exit(EXIT_CODES[signal]);
          }
          this.#stopping = performance.now();
          say(`${signal}: stopping; a second one stops at once.`);
          resolve(EXIT_CODES[signal]);
        });
      }
    });
  }

  /** `run` is called at shutdown, after the steps added later. */
  add(text: string | undefined, run: () => Promise<unknown>): void {
    this.#steps.push({ text, run });
  }

  /**
   * Runs `start`; when a signal arrives meanwhile, ends what it added so far and exits. When it fails, ends what it
   * added and throws its error.
   */
  async during<T>(start: () => Promise<T>): Promise<T> {
    const started = start();
    const first = await Promise.race([
      started.then((value) => ({ value })),
      this.#requested.then((code) => ({ code })),
    ]).catch(async (error: unknown) => {
      await this.#runSteps();
      throw error;
    });
    if ('value' in first) return first.value;
    started.catch(() => undefined);
    await this.#runSteps();
    say('Stopped before everything was up.');
    process.exit(first.code);
  }

  /** Waits for a signal, or for `failed` to be rejected; ends everything and resolves to the exit code. */
  async finished(failed: readonly Promise<never>[]): Promise<number> {
    const failure = await Promise.race([
      this.#requested.then(() => undefined),
      Promise.race(failed).catch((error: unknown) => textOf(error)),
    ]);
    if (failure !== undefined) {
      this.#stopping = performance.now();
      complain(failure);
      say('Stopping because of that; a signal stops at once.');
    }
    const clean = await this.#runSteps();
    say('Stopped.');
    return failure === undefined && clean ? 0 : 1;
  }

  async #runSteps(): Promise<boolean> {
    let clean = true;
    for (const step of this.#steps.splice(0).reverse()) {
      if (step.text !== undefined) say(step.text);
      await step.run().catch((error: unknown) => {
        clean = false;
        complain(`Could not finish that: ${textOf(error)}`);
      });
    }
    return clean;
  }
}
