import type { PageOf } from '../data/types';
import { useWords } from '../words';
import { Icon } from './icon';

/** Goes through the pages of a list; nothing when there is but one. */
export function Pager({ page, onPage }: { page: PageOf<unknown>['page']; onPage: (page: number) => void }) {
  const say = useWords();
  const { number, size, totalElements, totalPages } = page;
  if (totalElements === 0) return null;
  const from = (number - 1) * size + 1;
  return (
    <nav className="pager" aria-label={say('nav.pages')}>
      <span className="quiet number">
        {say('page.of', { from, to: Math.min(totalElements, number * size), all: totalElements })}
      </span>
      {totalPages < 2 ? null : (
        <>
          <button
            type="button"
            className="plain square"
            disabled={number <= 1}
            aria-label={say('page.previous')}
            onClick={() => onPage(number - 1)}
          >
            <Icon name="left" />
          </button>
          <button
            type="button"
            className="plain square"
            disabled={number >= totalPages}
            aria-label={say('page.next')}
            onClick={() => onPage(number + 1)}
          >
            <Icon name="right" />
          </button>
        </>
      )}
    </nav>
  );
}
