import { useSearchParams } from 'wouter';
import { useWords } from '../words';

/** What a list is narrowed to by, as it stands in the URL. */
export function useKeyword(): string {
  return useSearchParams()[0].get('keyword') ?? '';
}

/** The field for it. Another keyword begins at the first page again. */
export function Search() {
  const say = useWords();
  const [, setSearch] = useSearchParams();
  return (
    <search className="filters">
      <input
        aria-label={say('page.search')}
        placeholder={say('page.search')}
        value={useKeyword()}
        onChange={({ target: { value } }) =>
          setSearch(value === '' ? {} : { keyword: value }, { replace: true })
        }
      />
    </search>
  );
}
