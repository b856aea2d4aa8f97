import { useMemo } from 'react';
import type { WrappedTaskInstance } from '../data/types';
import { Copy } from '../parts/basics';
import { useWords } from '../words';

/** The document as the API answers it. */
export function JsonTab({ task }: { task: WrappedTaskInstance }) {
  const say = useWords();
  const text = useMemo(() => JSON.stringify(task, null, 2), [task]);
  return (
    <div className="card">
      <div className="log-bar">
        <code>GET /api/v2/tasks/instances/{task.id}</code>
        <Copy text={text} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <section className="json" tabIndex={0} aria-label={say('tab.json')}>
        <pre>{text}</pre>
      </section>
    </div>
  );
}
