import { type ReactNode, useId } from 'react';

/** One line of text with its label, what it means and what is wrong with it. */
export function TextField({
  label,
  value,
  onChange,
  type = 'text',
  help,
  wrong,
  required = false,
  placeholder,
  pattern,
  list,
  name,
  autoComplete = type === 'password' ? 'new-password' : 'off',
}: {
  label: ReactNode;
  value: string;
  onChange: (value: string) => void;
  type?: 'text' | 'password' | 'number';
  help?: ReactNode;
  wrong?: string | undefined;
  required?: boolean;
  placeholder?: string | undefined;
  pattern?: string | undefined;
  list?: readonly string[];
  /** For browsers that keep passwords, as the next. */
  name?: string;
  autoComplete?: string;
}) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type={type}
        value={value}
        required={required}
        placeholder={placeholder}
        pattern={pattern}
        name={name}
        autoComplete={autoComplete}
        autoCapitalize="none"
        list={list === undefined ? undefined : `${id}-list`}
        aria-invalid={wrong !== undefined || undefined}
        aria-describedby={`${id}-help`}
        onChange={(event) => onChange(event.target.value)}
      />
      {list === undefined ? null : (
        <datalist id={`${id}-list`}>
          {list.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      )}
      <span id={`${id}-help`}>
        {help === undefined ? null : <span className="help">{help}</span>}
        {wrong === undefined ? null : <span className="wrong">{wrong}</span>}
      </span>
    </div>
  );
}
