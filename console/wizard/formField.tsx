import { useId } from 'react';
import { type ChoiceKind, choiceOf } from '../model/choice';
import { blank, type FormField, fieldsOf, type JsonSchema } from '../model/schema';
import { TextField } from '../parts/field';
import { Icon } from '../parts/icon';
import { useWords } from '../words';
import { useFormTexts } from '../words/forms';
import { Choice } from './choices';
import { Picks } from './picks';

export interface FieldProps {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  /** By path as the API names it, `obLinks[0].clusterName`. */
  readonly wrong: ReadonlyMap<string, string>;
  readonly path: string;
  /** What the form is about: the ids in the path of its request. */
  readonly about: Readonly<Record<string, string | number>>;
}

/** One field of a form, as its schema wants it. */
export function SchemaField(props: FieldProps) {
  const { name, schema, required } = props;
  const choice = choiceOf(name, schema);
  if (choice !== undefined) return <ChoiceField {...props} choice={choice} />;
  if (schema.enum !== undefined) return <EnumField {...props} />;
  switch (schema.type) {
    case 'object':
      return <ObjectField {...props} />;
    case 'array':
      return <ArrayField {...props} />;
    case 'boolean':
      return <BooleanField {...props} />;
    default:
      return <InputField {...props} required={required} />;
  }
}

/** What a field means, and what it is when it is left out. */
function useHelp({ schema }: Pick<FieldProps, 'schema'>): string {
  const say = useWords();
  const texts = useFormTexts();
  const { description = '', default: byDefault } = schema;
  const value =
    typeof byDefault === 'boolean'
      ? say(byDefault ? 'field.yes' : 'field.no')
      : byDefault === undefined || typeof byDefault === 'object'
        ? ''
        : texts.value(byDefault);
  const shown = value === '' ? '' : say('wizard.byDefault', { value });
  return [texts.help(description), shown].filter((text) => text !== '').join(' · ');
}

function InputField(props: FieldProps) {
  const { label } = useFormTexts();
  const { name, schema, value, onChange, required, wrong, path } = props;
  const help = useHelp(props);
  const number = schema.type === 'integer' || schema.type === 'number';
  return (
    <TextField
      label={label(name)}
      type={/passw(or)?d|secret/i.test(name) ? 'password' : number ? 'number' : 'text'}
      value={value === undefined ? '' : String(value)}
      required={required}
      help={help}
      wrong={wrong.get(path)}
      placeholder={schema.default === undefined ? undefined : String(schema.default)}
      onChange={(text) => onChange(text === '' ? undefined : number ? Number(text) : text)}
    />
  );
}

function EnumField(props: FieldProps) {
  const texts = useFormTexts();
  const { name, schema, value, onChange, required, wrong, path } = props;
  const say = useWords();
  const id = useId();
  const help = useHelp(props);
  return (
    <div className="field">
      <label htmlFor={id}>{texts.label(name)}</label>
      <select
        id={id}
        value={value === undefined ? '' : String(value)}
        required={required}
        onChange={(event) => onChange(event.target.value === '' ? undefined : event.target.value)}
      >
        {required ? null : <option value="">{say('wizard.choose')}</option>}
        {schema.enum?.map((one) => (
          <option key={String(one)} value={String(one)}>
            {texts.value(one)}
          </option>
        ))}
      </select>
      <span className="help">{help}</span>
      {wrong.has(path) ? <span className="wrong">{wrong.get(path)}</span> : null}
    </div>
  );
}

function BooleanField(props: FieldProps) {
  const { label } = useFormTexts();
  const { name, schema, value, onChange, wrong, path } = props;
  const help = useHelp(props);
  return (
    <div className="field">
      <label className="check">
        <input
          type="checkbox"
          checked={(value ?? schema.default) === true}
          onChange={(event) => onChange(event.target.checked)}
        />
        <span>
          {label(name)}
          <span className="help"> {help}</span>
        </span>
      </label>
      {wrong.has(path) ? <span className="wrong">{wrong.get(path)}</span> : null}
    </div>
  );
}

/** A field whose values are things that obflow knows: hosts, packages, OBProxies, … */
function ChoiceField({ choice, ...props }: FieldProps & { readonly choice: ChoiceKind }) {
  const { label } = useFormTexts();
  const { name, schema, value, onChange, required, wrong, path, about } = props;
  const help = useHelp(props);
  return (
    <Choice kind={choice} about={about}>
      {(options) => (
        <Picks
          label={label(name)}
          help={help}
          wrong={wrong.get(path)}
          options={options}
          several={schema.type === 'array'}
          required={required}
          value={value}
          onChange={onChange}
        />
      )}
    </Choice>
  );
}

function ArrayField(props: FieldProps) {
  const { label } = useFormTexts();
  const { name, schema, value, onChange, wrong, path } = props;
  const say = useWords();
  const help = useHelp(props);
  const items = schema.items ?? {};
  const elements = Array.isArray(value) ? (value as readonly unknown[]) : [];
  const put = (at: number, element: unknown) =>
    onChange(elements.map((one, index) => (index === at ? element : one)));
  return (
    <fieldset className="group">
      <legend>{label(name)}</legend>
      {help === '' ? null : <span className="quiet small">{help}</span>}
      {elements.map((element, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: elements have no other name than their place
        <div className="group" key={at}>
          <SchemaField
            {...props}
            name={`${at + 1}`}
            schema={items}
            required
            value={element}
            path={`${path}[${at}]`}
            onChange={(next) => put(at, next)}
          />
          <div>
            <button
              type="button"
              className="plain"
              onClick={() => onChange(elements.filter((_, index) => index !== at))}
            >
              <Icon name="close" /> {say('do.remove')}
            </button>
          </div>
        </div>
      ))}
      {wrong.has(path) ? <span className="wrong">{wrong.get(path)}</span> : null}
      <div>
        <button type="button" onClick={() => onChange([...elements, blank(items) ?? ''])}>
          <Icon name="plus" /> {say('wizard.addElement')}
        </button>
      </div>
    </fieldset>
  );
}

function ObjectField(props: FieldProps) {
  const { label, help } = useFormTexts();
  const { name, schema } = props;
  // An element of a list has a frame of its own.
  if (/^\d+$/.test(name)) return <Fields {...props} />;
  return (
    <fieldset className="group">
      <legend>{label(name)}</legend>
      {schema.description === undefined ? null : (
        <span className="quiet small">{help(schema.description)}</span>
      )}
      <Fields {...props} />
    </fieldset>
  );
}

/** The fields of an object, those that may be left out folded away when there are many. */
export function Fields({
  schema,
  value,
  onChange,
  wrong,
  path,
  about,
}: Omit<FieldProps, 'name' | 'required'>) {
  const say = useWords();
  const fields = fieldsOf(schema);
  const held = (typeof value === 'object' && value !== null ? value : {}) as Readonly<
    Record<string, unknown>
  >;
  const one = (field: FormField) => {
    const below = path === '' ? field.name : `${path}.${field.name}`;
    return (
      <SchemaField
        key={field.name}
        {...field}
        value={held[field.name]}
        path={below}
        wrong={wrong}
        about={about}
        onChange={(next) => onChange({ ...held, [field.name]: next })}
      />
    );
  };
  const first = fields.filter((field) => field.required || isUsual(field.name));
  const rest = fields.filter((field) => !first.includes(field));
  const few = first.length === 0;
  const open = rest.some(({ name }) =>
    [...wrong.keys()].some((key) => key.startsWith(path === '' ? name : `${path}.${name}`)),
  );
  return (
    <>
      {(few ? fields : first).map(one)}
      {few || rest.length === 0 ? null : (
        <details open={open || undefined}>
          <summary>{say('wizard.more')}</summary>
          <div className="stack">{rest.map(one)}</div>
        </details>
      )}
    </>
  );
}

/** Not required by the schema, and yet what nearly everybody fills in. */
function isUsual(name: string): boolean {
  return /^(sqlPort|exporterPort|version|hotRestart|obLinks|obproxyInstallParam|address|port|obproxyServerIds|hosts?Ids?)$/.test(
    name,
  );
}
