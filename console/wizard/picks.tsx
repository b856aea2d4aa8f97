import { useId, useState } from 'react';
import { Checks } from '../parts/checks';
import { TextField } from '../parts/field';
import { useWords } from '../words';
import type { Option } from './choices';

/** From so many on there is a field to search in. */
const SEARCHED = 8;

/** One or several of known things; typed by hand where they are not known. */
export function Picks({
  label,
  help,
  wrong,
  options,
  several,
  required,
  value,
  onChange,
}: {
  label: string;
  help: string;
  wrong: string | undefined;
  options: readonly Option[] | undefined;
  several: boolean;
  required: boolean;
  value: unknown;
  onChange: (value: unknown) => void;
}) {
  const say = useWords();
  const id = useId();
  const [search, setSearch] = useState('');
  if (options === undefined) {
    const text = Array.isArray(value) ? value.join(', ') : value === undefined ? '' : String(value);
    return (
      <TextField
        label={label}
        help={help}
        wrong={wrong}
        required={required}
        value={text}
        onChange={(typed) => onChange(several ? numbersOf(typed) : typed)}
      />
    );
  }
  if (!several) {
    return (
      <div className="field">
        <label htmlFor={id}>{label}</label>
        <select
          id={id}
          required={required}
          value={value === undefined ? '' : String(value)}
          onChange={(event) =>
            onChange(options.find((one) => String(one.value) === event.target.value)?.value)
          }
        >
          <option value="">{say(options.length === 0 ? 'wizard.noChoice' : 'wizard.choose')}</option>
          {options.map((one) => (
            <option key={one.value} value={String(one.value)}>
              {one.label}
              {one.more === undefined ? '' : ` (${one.more})`}
            </option>
          ))}
        </select>
        <span className="help">{help}</span>
        {wrong === undefined ? null : <span className="wrong">{wrong}</span>}
      </div>
    );
  }
  const chosen = Array.isArray(value) ? (value as readonly (string | number)[]) : [];
  const shown = options.filter(({ label: text, more = '' }) =>
    `${text} ${more}`.toLowerCase().includes(search.toLowerCase()),
  );
  return (
    <fieldset className="field group">
      <legend>{label}</legend>
      <span className="help">
        {help === '' ? '' : `${help} · `}
        {say('obproxy.chosen', { n: chosen.length })}
      </span>
      {options.length < SEARCHED ? null : (
        <input
          aria-label={say('page.search')}
          placeholder={say('page.search')}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
      )}
      {shown.length === 0 ? (
        <p className="quiet">{say('wizard.noChoice')}</p>
      ) : (
        <Checks options={shown} chosen={chosen} onChange={onChange} />
      )}
      {wrong === undefined ? null : <span className="wrong">{wrong}</span>}
    </fieldset>
  );
}

function numbersOf(text: string): (string | number)[] {
  return text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}
