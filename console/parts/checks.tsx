import type { ReactNode } from 'react';

export interface CheckOption<V> {
  readonly value: V;
  readonly label: ReactNode;
  readonly more?: ReactNode;
}

/** Several of known things, each with a box to check. */
export function Checks<V extends string | number>({
  options,
  chosen,
  onChange,
}: {
  options: readonly CheckOption<V>[];
  chosen: readonly V[];
  onChange: (chosen: V[]) => void;
}) {
  return (
    <div className="picks">
      {options.map(({ value, label, more }) => (
        <label key={value}>
          <input
            type="checkbox"
            checked={chosen.includes(value)}
            onChange={(event) =>
              onChange(event.target.checked ? [...chosen, value] : chosen.filter((other) => other !== value))
            }
          />
          <span>{label}</span>
          {more === undefined ? null : <span className="quiet small">{more}</span>}
        </label>
      ))}
    </div>
  );
}
