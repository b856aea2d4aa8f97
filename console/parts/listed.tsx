import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useWords, type WordKey } from '../words';
import { Loading, Trouble } from './basics';

/** What was asked for, as soon as it is there; until then that it is on its way, or why not. */
export function Asked<T>({ of, children }: { of: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  const { data, error } = of;
  if (data !== undefined) return children(data);
  return error === null ? <Loading /> : <Trouble error={error} />;
}

/** A list that was asked for; `empty` says what to do first where there is nothing. */
export function Listed<T extends { readonly contents: readonly unknown[] }>({
  of,
  empty,
  children,
}: {
  of: UseQueryResult<T>;
  empty: ReactNode;
  children: (data: T) => ReactNode;
}) {
  return <Asked of={of}>{(data) => (data.contents.length === 0 ? empty : children(data))}</Asked>;
}

/** A table with its frame; columns by the words above them. */
export function Table({ columns, children }: { columns: readonly WordKey[]; children: ReactNode }) {
  const say = useWords();
  return (
    <div className="table-frame">
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th scope="col" key={column}>
                {say(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
