import { useEffect, useState, useSyncExternalStore } from 'react';
import { duration } from '../../cli/task/chain';
import { useWords } from '../words';
import { useLanguage } from '../words/language';

const TICK_MS = 1_000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const tell of listeners) tell();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Now, a second exact, from one clock for all of the page. */
export function useNow(running = true): number {
  const [still] = useState(() => Date.now());
  const ticking = useSyncExternalStore(running ? subscribe : () => () => undefined, () =>
    running ? now : still,
  );
  useEffect(() => {
    now = Date.now();
  }, []);
  return ticking;
}

/** `2026-11-29T08:00:00.000Z`: what stands in a tooltip, and what somebody on the other side of the world reads. */
function utc(time: string): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? time : at.toISOString().replace('T', ' ').replace('Z', ' UTC');
}

/** A time in the reader's own zone, UTC on hover; `ago`: how long since. */
export function TimeText({ time, ago = false }: { time: string; ago?: boolean }) {
  const language = useLanguage();
  const at = new Date(time);
  const text = ago ? (
    <Ago at={at.getTime()} />
  ) : (
    at.toLocaleString(language, {
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hour12: false,
    })
  );
  return (
    <time dateTime={time} title={utc(time)}>
      {text}
    </time>
  );
}

function Ago({ at }: { at: number }) {
  const say = useWords();
  const seconds = Math.max(0, Math.round((useNow() - at) / 1000));
  if (seconds < 90) return say('time.ago.seconds', { n: seconds });
  if (seconds < 5_400) return say('time.ago.minutes', { n: Math.round(seconds / 60) });
  if (seconds < 129_600) return say('time.ago.hours', { n: Math.round(seconds / 3_600) });
  return say('time.ago.days', { n: Math.round(seconds / 86_400) });
}

/** How long something took, or takes until now. */
export function Took({
  startTime,
  finishTime,
}: {
  startTime?: string | undefined;
  finishTime?: string | undefined;
}) {
  const at = useNow(finishTime === undefined && startTime !== undefined);
  return <span className="number">{duration({ startTime, finishTime }, at)}</span>;
}
