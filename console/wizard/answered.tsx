import { Act } from '../parts/basics';
import { Dialog } from '../parts/dialog';
import type { Tone } from '../parts/state';
import { useWords } from '../words';
import { useFormTexts } from '../words/forms';

/** What became of one OBProxy that was to be told something. */
interface Outcome {
  readonly obproxyServerId: number;
  readonly ip: string;
  readonly sqlPort: number;
  readonly outcome: string;
  readonly message: string;
}

/** Whether an answer has anything to read in it. */
export function tellsSomething(answer: unknown): boolean {
  if (Array.isArray(answer)) return answer.length > 0;
  if (typeof answer === 'object' && answer !== null) return Object.values(answer).some(tellsSomething);
  return answer !== undefined && answer !== null && answer !== '';
}

/** The answer of what is done at once: of each OBProxy what it was told, of anything else its fields. */
export function Answered({
  title,
  answer,
  onClose,
}: {
  title: string;
  answer: unknown;
  onClose: () => void;
}) {
  const say = useWords();
  const { contents, ...rest } = (answer ?? {}) as { readonly contents?: readonly unknown[] };
  const outcomes = contents?.every(isOutcome) === true ? contents : undefined;
  return (
    <Dialog title={title} onClose={onClose} wide>
      <div className="inside">
        <section className="group" aria-label={say('wizard.came')}>
          <h3>{say('wizard.came')}</h3>
          {outcomes === undefined ? null : <Outcomes outcomes={outcomes} />}
          <Fact value={outcomes === undefined ? answer : rest} />
        </section>
      </div>
      <footer>
        <Act kind="main" onClick={onClose}>
          {say('do.close')}
        </Act>
      </footer>
    </Dialog>
  );
}

function isOutcome(one: unknown): one is Outcome {
  return typeof one === 'object' && one !== null && 'outcome' in one && 'message' in one && 'ip' in one;
}

function toneOf(outcome: string): Tone {
  if (/FAIL/.test(outcome)) return 'bad';
  return /SKIP|NOT/.test(outcome) ? 'odd' : 'good';
}

function Outcomes({ outcomes }: { outcomes: readonly Outcome[] }) {
  return (
    <ul className="list">
      {outcomes.map(({ obproxyServerId, ip, sqlPort, outcome, message }) => (
        <li key={obproxyServerId}>
          <span className={`state pill tone-${toneOf(outcome)}`}>{outcome}</span>
          <span className="grow">
            <strong>
              {ip}:{sqlPort}
            </strong>{' '}
            {message}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Any value: fields by their names, lists one under the other. */
function Fact({ value }: { value: unknown }) {
  const say = useWords();
  const { label } = useFormTexts();
  if (!tellsSomething(value)) return null;
  if (typeof value === 'boolean') return <span>{say(value ? 'field.yes' : 'field.no')}</span>;
  if (typeof value !== 'object' || value === null) return <span>{String(value)}</span>;
  const entries = Object.entries(value).filter(([, part]) => tellsSomething(part));
  if (Array.isArray(value)) {
    return (
      <ul>
        {entries.map(([at, part]) => (
          <li key={at}>
            <Fact value={part} />
          </li>
        ))}
      </ul>
    );
  }
  return (
    <dl className="facts">
      {entries.map(([name, part]) => (
        <FactLine key={name} name={label(name)} value={part} />
      ))}
    </dl>
  );
}

function FactLine({ name, value }: { name: string; value: unknown }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <Fact value={value} />
      </dd>
    </>
  );
}
