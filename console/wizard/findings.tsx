import { useGet } from '../data/queries';
import type { HostDocument, HostFindingDocument, PageOf } from '../data/types';
import type { Tone } from '../parts/state';
import { useWords } from '../words';

const TONES: Readonly<Record<HostFindingDocument['level'], Tone>> = {
  ERROR: 'bad',
  WARN: 'odd',
  INFO: 'still',
};

/** What a dry run has seen, by its host; what would fail first. */
export function Findings({ findings }: { findings: readonly HostFindingDocument[] }) {
  const say = useWords();
  const { data } = useGet<PageOf<HostDocument>>(
    findings.some(({ hostId }) => hostId !== undefined) ? '/api/v2/compute/hosts?size=2000' : undefined,
    { refresh: false },
  );
  const ipOf = (hostId: number | undefined) =>
    hostId === undefined
      ? ''
      : (data?.contents.find(({ id }) => id === hostId)?.innerIpAddress ?? String(hostId));
  if (findings.length === 0) return <p>{say('wizard.noFindings')}</p>;
  const errors = findings.filter(({ level }) => level === 'ERROR').length;
  const order = Object.keys(TONES);
  const sorted = [...findings].sort((one, other) => order.indexOf(one.level) - order.indexOf(other.level));
  return (
    <>
      <h3>{say('wizard.findings')}</h3>
      {errors === 0 ? null : <p className="trouble">{say('wizard.errors', { n: errors })}</p>}
      <ul className="list">
        {sorted.map(({ hostId, level, code, message }) => (
          <li key={`${hostId ?? ''} ${code ?? ''} ${message}`}>
            <span className={`state pill tone-${TONES[level]}`}>{say(`wizard.level.${level}`)}</span>
            <span className="grow">
              <strong>{ipOf(hostId)}</strong> {code === undefined ? '' : `${code}: `}
              {message}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
