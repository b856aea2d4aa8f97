import { inEnglish, type Said, type Text } from '../workflows/text';
import { say } from './messages/catalogue';

/**
 * Two classes of trouble, nothing in between: what waiting can cure (TransientError) and what a person must
 * cure (PermanentError). Both speak to the person who must act: what was tried, where, what came back, what
 * to do next. Texts reach histories, logs and answers, so they never hold a secret. What is said in our own words is a
 * text of the catalogue, so that the whole can be had in Chinese; what a host or a library said stays as it is.
 */
export interface Trouble {
  /** Stable name of the situation, e.g. `HostKeyChanged`; becomes the type of the Temporal failure. */
  readonly type: string;
  /** Documented OCP code where one fits, e.g. `CMP07002`. */
  readonly code?: string;
  /** What was tried, as a clause: "install obproxy-4.3.1.0-1.el7.x86_64.rpm". */
  readonly tried: Said;
  /** Host address, cluster or file. */
  readonly where?: string;
  /** What came back, quoted and cut to size; several things follow each other with semicolons. */
  readonly cameBack: Said | readonly Said[];
  /** What to do next, one sentence. */
  readonly next: Said;
}

/** Without the full stop that follows it. */
function unended(said: Said): Said {
  const en = inEnglish(said).trim().replace(/\.$/, '');
  return typeof said === 'string' ? en : { ...said, en };
}

function allUnended(said: Trouble['cameBack']): Said | readonly Said[] {
  if (typeof said === 'string' || !Array.isArray(said)) return unended(said as Said);
  return said.map((one: Said, index) => (index === said.length - 1 ? unended(one) : one));
}

function framed({ code, where, tried, next, ...trouble }: Trouble): Text {
  const said = { tried, cameBack: allUnended(trouble.cameBack), next };
  if (code === undefined) {
    return where === undefined ? say('trouble', said) : say('trouble.on', { ...said, where });
  }
  return where === undefined
    ? say('trouble.coded', { ...said, code })
    : say('trouble.codedOn', { ...said, code, where });
}

abstract class TroubleError extends Error {
  readonly type: string;
  readonly code: string | undefined;
  readonly trouble: Trouble;
  /** The message, to be said in the language of who reads it; in English only when a part of it is. */
  readonly said: Said;
  constructor(trouble: Trouble, options?: ErrorOptions) {
    const text = framed(trouble);
    super(text.en, options);
    this.name = trouble.type;
    this.type = trouble.type;
    this.code = trouble.code;
    this.trouble = trouble;
    this.said = typeof trouble.tried === 'string' || typeof trouble.next === 'string' ? text.en : text;
  }
}

/** Thrown when the same step may succeed a moment later: refused connections, a held rpm lock, a server starting. */
export class TransientError extends TroubleError {}

/** Thrown when nothing changes until somebody acts: wrong password, missing package, taken port. */
export class PermanentError extends TroubleError {}

/** An error whose text can be said in either language, for those who make a trouble of it. */
export class SaidError extends Error {
  readonly said: Said;
  constructor(said: Said, options?: ErrorOptions) {
    super(inEnglish(said), options);
    this.said = said;
  }
}

/** What an error says; that of a library stays as it is. */
export function saidOf(error: unknown): Said {
  if (error instanceof TroubleError || error instanceof SaidError) return error.said;
  return error instanceof Error ? error.message : String(error);
}
