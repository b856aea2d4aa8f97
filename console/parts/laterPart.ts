import { type ComponentType, lazy } from 'react';
import { connection } from '../data/connection';

const TRIES = 3;
const AGAIN_MS = 500;

/** A part of the page that is loaded when it is shown; a network that goes away for a moment costs a moment. */
// biome-ignore lint/suspicious/noExplicitAny: as React types it: of any properties
export function laterPart<T extends ComponentType<any>>(load: () => Promise<{ default: T }>) {
  return lazy(async () => {
    for (let tried = 1; ; tried += 1) {
      try {
        return await load();
      } catch (error) {
        if (tried === TRIES) throw error;
        await connection.back();
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  });
}
