/** Whether what a process stands on can be had. Load balancers and Prometheus ask often: one look serves for 2 s. */
const LOOK_MS = 2_000;

export type CheckName = 'database' | 'temporal' | 'worker';

export interface CheckResult {
  readonly status: 'up' | 'down';
  /** Milliseconds that the look took. */
  readonly took: number;
  /** What is wrong and what it means; no addresses, since nobody logs in for it. */
  readonly message?: string;
}
export type Health = Readonly<Partial<Record<CheckName, CheckResult>>>;

/** Resolves when the part can be had; rejects, or takes longer than 2 s, when not. */
export interface Check {
  readonly look: () => Promise<unknown>;
  readonly whenDown: string;
}

async function within(look: () => Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('late')), LOOK_MS);
  });
  const looking = look();
  looking.catch(() => undefined);
  try {
    await Promise.race([looking, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function result({ look, whenDown }: Check): Promise<CheckResult> {
  const began = performance.now();
  const took = () => Math.round(performance.now() - began);
  try {
    await within(look);
    return { status: 'up', took: took() };
  } catch {
    return { status: 'down', took: took(), message: whenDown };
  }
}

/** Looks at every check at once, at most every 2 s. */
export function healthOf(checks: Readonly<Partial<Record<CheckName, Check>>>): () => Promise<Health> {
  let last: { at: number; health: Promise<Health> } | undefined;
  const look = async (): Promise<Health> =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(checks).map(async ([name, check]) => [name, await result(check)] as const),
      ),
    );
  return () => {
    if (last === undefined || Date.now() - last.at > LOOK_MS) last = { at: Date.now(), health: look() };
    return last.health;
  };
}

/** The answer of /readyz: `unready` when something is down that must be up, `degraded` when anything else is. */
export interface Readiness {
  readonly status: 'ready' | 'degraded' | 'unready';
  readonly checks: Health;
}

/** @param required what must be up for the process to be of use */
export function readiness(checks: Health, required: readonly CheckName[]): Readiness {
  const down = Object.entries(checks).flatMap(([name, { status }]) => (status === 'down' ? [name] : []));
  if (down.some((name) => (required as readonly string[]).includes(name)))
    return { status: 'unready', checks };
  return { status: down.length > 0 ? 'degraded' : 'ready', checks };
}
