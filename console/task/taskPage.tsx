import { Suspense, useCallback } from 'react';
import { useSearchParams } from 'wouter';
import { Loading, type Tab, Tabs, Trouble } from '../parts/basics';
import { laterPart } from '../parts/laterPart';
import { useWords } from '../words';
import { CommandsOf } from './commandDialog';
import { CommandsTab } from './commandsTab';
import { GridTab } from './gridTab';
import { JsonTab } from './jsonTab';
import { LogTab } from './logTab';
import { TaskHead } from './taskHead';
import { TimelineTab } from './timelineTab';
import { useTask } from './useTask';

const GraphTab = laterPart(() => import('./graphTab'));

const TABS = ['graph', 'grid', 'log', 'timeline', 'commands', 'json'] as const;
export type TabId = (typeof TABS)[number];

/** What a tab asks of the page: to show the log of a subtask. */
export type OpenLog = (subtaskId: number) => void;

/** One task, live. Tab, subtask and run stand in the URL, so that a link leads to the same line. */
export function TaskPage({ id }: { id: number }) {
  const say = useWords();
  const { task, live, refused } = useTask(id);
  const [search, setSearch] = useSearchParams();
  const tab = TABS.find((one) => one === search.get('tab')) ?? 'graph';
  const show = useCallback(
    (changes: Readonly<Record<string, string | undefined>>) =>
      setSearch((before) => {
        const next = new URLSearchParams(before);
        for (const [name, value] of Object.entries(changes)) {
          if (value === undefined) next.delete(name);
          else next.set(name, value);
        }
        return next;
      }),
    [setSearch],
  );
  const openLog = useCallback<OpenLog>(
    (subtaskId) => show({ tab: 'log', subtask: String(subtaskId), run: undefined }),
    [show],
  );
  if (task === undefined) return refused === undefined ? <Loading /> : <Trouble error={refused} />;
  const tabs = TABS.map((one): Tab<TabId> => ({ id: one, label: say(`tab.${one}`) }));
  return (
    <CommandsOf task={task}>
      {refused === undefined ? null : <Trouble error={refused} />}
      <TaskHead task={task} live={live} openLog={openLog} />
      <Tabs tabs={tabs} chosen={tab} label={task.name} onChoose={(one) => show({ tab: one })} />
      <section className="panel" role="tabpanel" id={`panel-${tab}`} aria-labelledby={`tab-${tab}`}>
        {tab === 'graph' ? (
          <Suspense fallback={<Loading />}>
            <GraphTab task={task} openLog={openLog} />
          </Suspense>
        ) : tab === 'grid' ? (
          <GridTab task={task} openLog={openLog} />
        ) : tab === 'log' ? (
          <LogTab
            task={task}
            subtaskId={numberOf(search.get('subtask'))}
            run={numberOf(search.get('run'))}
            show={show}
          />
        ) : tab === 'timeline' ? (
          <TimelineTab task={task} openLog={openLog} />
        ) : tab === 'commands' ? (
          <CommandsTab task={task} />
        ) : (
          <JsonTab task={task} />
        )}
      </section>
    </CommandsOf>
  );
}

function numberOf(text: string | null): number | undefined {
  return text === null || !/^\d+$/.test(text) ? undefined : Number(text);
}
