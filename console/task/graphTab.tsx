import {
  Background,
  type Edge,
  Handle,
  MarkerType,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
} from '@xyflow/react';
import {
  createContext,
  type KeyboardEvent,
  memo,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import type { SubtaskInstance, WrappedTaskInstance } from '../data/types';
import { focusOf, foldedCounts, type GraphNode, graphOf } from '../model/fold';
import { countsOf, kindOfSubtask } from '../model/kind';
import { Icon } from '../parts/icon';
import { SubtaskIcon, toneOf } from '../parts/state';
import { useWords } from '../words';
import { layoutOf, NODE_HEIGHT, NODE_WIDTH } from './layout';
import { StepPanel } from './stepPanel';
import type { OpenLog } from './taskPage';

type StepData = {
  readonly step: GraphNode<SubtaskInstance>;
  /** All that a node shows of its step. */
  readonly look: string;
};
type StepNode = Node<StepData, 'step'>;

const Spread = createContext<(step: string) => void>(() => undefined);

/** The steps and what follows what; a step on many hosts is one node until it is unfolded. */
export default function GraphTab(props: { task: WrappedTaskInstance; openLog: OpenLog }) {
  return (
    <ReactFlowProvider>
      <GraphView {...props} />
    </ReactFlowProvider>
  );
}

const NODE_TYPES = { step: memo(Step) };

function GraphView({ task, openLog }: { task: WrappedTaskInstance; openLog: OpenLog }) {
  const say = useWords();
  const flow = useReactFlow();
  const [spread, setSpread] = useState<ReadonlySet<string>>(new Set());
  const [chosenId, setChosenId] = useState<string>();
  const [byKey, setByKey] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  const [follow, setFollow] = useState(true);
  const graph = useMemo(() => graphOf(task, spread), [task, spread]);
  // Where nodes stand hangs on which there are, not on how they stand.
  const shape = graph.nodes.map(({ id }) => id).join(' ');
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said above
  const places = useMemo(() => layoutOf(graph), [shape]);
  const drawn = useRef<StepNode[]>([]);
  const nodes = useMemo(() => {
    const before = new Map(drawn.current.map((node) => [node.id, node]));
    drawn.current = graph.nodes.map((step): StepNode => {
      const node: StepNode = {
        id: step.id,
        type: 'step',
        position: places.get(step.id) ?? { x: 0, y: 0 },
        data: { step, look: lookOf(step) },
        width: NODE_WIDTH,
        height: NODE_HEIGHT,
        selected: step.id === chosenId,
        ariaLabel: `${step.name}: ${say(`subtask.kind.${step.kind}`)}`,
      };
      const same = before.get(step.id);
      // Most steps look as they did: what is the same object is not drawn again.
      return same !== undefined && looksAs(same, node) ? same : node;
    });
    return drawn.current;
  }, [graph, places, chosenId, say]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said above
  const edges = useMemo(() => {
    const names = new Map(graph.nodes.map(({ id, name }) => [id, name]));
    return graph.edges.map(
      ({ from, to }): Edge => ({
        id: `${from} ${to}`,
        source: from,
        target: to,
        focusable: false,
        ariaLabel: `${names.get(from)} → ${names.get(to)}`,
        markerEnd: { type: MarkerType.ArrowClosed, width: 16, height: 16 },
      }),
    );
  }, [shape]);
  // Instead of the library's own words, which are English and about moving and removing nodes.
  const keys = say('graph.label');
  const labels = useMemo(
    () => ({
      'node.a11yDescription.default': keys,
      'node.a11yDescription.keyboardDisabled': keys,
      'edge.a11yDescription.default': '',
    }),
    [keys],
  );
  const focus = focusOf(graph)?.id;
  useEffect(() => {
    const place = focus === undefined ? undefined : places.get(focus);
    if (!follow || place === undefined) return;
    void flow.setCenter(place.x + NODE_WIDTH / 2, place.y + NODE_HEIGHT / 2, { zoom: 1, duration: 300 });
  }, [follow, focus, places, flow]);
  const chosen = graph.nodes.find(({ id }) => id === chosenId);
  const toggle = useMemo(
    () => (step: string) =>
      setSpread((before) => {
        const next = new Set(before);
        if (!next.delete(step)) next.add(step);
        return next;
      }),
    [],
  );
  const onKey = (event: KeyboardEvent<HTMLDivElement>) => {
    const node = nodeAt(event.target);
    if (event.key === 'Escape' && chosenId !== undefined) {
      setChosenId(undefined);
      frame.current?.querySelector<HTMLElement>(`${NODE}[data-id="${chosenId}"]`)?.focus();
    } else if (node !== undefined && (event.key === 'Enter' || event.key === ' ')) {
      event.preventDefault();
      setByKey(true);
      setChosenId(node.dataset.id);
    } else if (node !== undefined) goOn(event, node);
  };
  return (
    <Spread value={toggle}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: its nodes have the focus, and keys reach it from there */}
      <div ref={frame} className="card graph-frame" onKeyDown={onKey}>
        <ReactFlow
          aria-label={keys}
          ariaLabelConfig={labels}
          nodes={nodes}
          edges={edges}
          nodeTypes={NODE_TYPES}
          minZoom={0.1}
          maxZoom={1.6}
          nodesDraggable={false}
          nodesConnectable={false}
          elementsSelectable
          onlyRenderVisibleElements={nodes.length > 200}
          onNodeClick={(_event, { id }) => {
            setByKey(false);
            setChosenId(id);
          }}
          onPaneClick={() => setChosenId(undefined)}
          onMoveStart={(event) => {
            if (event !== null) setFollow(false);
          }}
          proOptions={{ hideAttribution: true }}
        >
          <Background gap={22} />
          <div className="graph-tools">
            <button type="button" className="plain" aria-pressed={follow} onClick={() => setFollow(!follow)}>
              {say('graph.follow')}
            </button>
            <button
              type="button"
              className="plain"
              onClick={() => {
                setFollow(false);
                void flow.fitView({ duration: 300 });
              }}
            >
              {say('graph.whole')}
            </button>
            <button
              type="button"
              className="plain square"
              aria-label={say('graph.in')}
              onClick={() => void flow.zoomIn()}
            >
              +
            </button>
            <button
              type="button"
              className="plain square"
              aria-label={say('graph.out')}
              onClick={() => void flow.zoomOut()}
            >
              −
            </button>
          </div>
        </ReactFlow>
        {chosen === undefined ? null : (
          <StepPanel
            key={chosen.id}
            step={chosen}
            openLog={openLog}
            takesFocus={byKey}
            onClose={() => setChosenId(undefined)}
          />
        )}
      </div>
    </Spread>
  );
}

const NODE = '.react-flow__node';

/** The node that has the focus; undefined of a button in it. */
function nodeAt(target: EventTarget): HTMLElement | undefined {
  return target instanceof HTMLElement && target.matches(NODE) ? target : undefined;
}

/** Arrow keys go from one step to the next, as the graph is read. */
function goOn(event: KeyboardEvent<HTMLDivElement>, node: HTMLElement): void {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (step === undefined) return;
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>(NODE)];
  event.preventDefault();
  all[all.indexOf(node) + step]?.focus();
}

function lookOf(step: GraphNode<SubtaskInstance>): string {
  const { done, failed, all } = countsOf(step.subtasks);
  return [step.kind, step.folded, done, failed, all, attemptOf(step) ?? ''].join(' ');
}

function looksAs(one: StepNode, other: StepNode): boolean {
  return (
    one.data.look === other.data.look &&
    one.position === other.position &&
    one.selected === other.selected &&
    one.ariaLabel === other.ariaLabel
  );
}

function attemptOf({ subtasks }: GraphNode<SubtaskInstance>): number | undefined {
  return subtasks.find((one) => kindOfSubtask(one) === 'running')?.attempt;
}

function Step({ data: { step } }: NodeProps<StepNode>) {
  const say = useWords();
  const toggle = useContext(Spread);
  const counts = foldedCounts(step);
  const [only] = step.subtasks;
  const under =
    counts === undefined
      ? [say(`subtask.kind.${step.kind}`), only?.target].filter((text) => text !== undefined).join(' · ')
      : [
          say('graph.counts', { done: counts.done, all: counts.all }),
          ...(counts.failed === 0 ? [] : [say('graph.failed', { n: counts.failed })]),
        ].join(', ');
  const attempt = attemptOf(step);
  return (
    <div className={`step tone-${toneOf(step.kind)}${step.folded ? ' folded' : ''}`} data-step={step.name}>
      <Handle type="target" position={Position.Top} isConnectable={false} />
      <SubtaskIcon kind={step.kind} />
      <div>
        <span className="name" title={step.name}>
          {step.name}
        </span>
        <span className="under">
          {under}
          {attempt === undefined ? '' : ` · ${say('task.attempt', { n: attempt })}`}
        </span>
      </div>
      {step.folded || step.part !== undefined ? (
        <button
          type="button"
          className="plain nodrag"
          aria-label={say(step.folded ? 'graph.spread' : 'graph.fold')}
          title={say(step.folded ? 'graph.spread' : 'graph.fold')}
          onClick={(event) => {
            event.stopPropagation();
            toggle(step.part ?? step.id);
          }}
        >
          <Icon name={step.folded ? 'chevron' : 'left'} />
        </button>
      ) : null}
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
}
