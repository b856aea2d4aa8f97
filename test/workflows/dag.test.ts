import {
  type ChainNode,
  chainLength,
  expandChain,
  GraphError,
  topologicalOrder,
} from '../../workflows/interpreter/graph';
import { DIAMOND, planOf } from '../support/plans';

function node(activity: string, splitBy?: string): ChainNode {
  return {
    activity,
    definition: {
      name: `${activity} it`,
      className: `com.example.${activity}Task`,
      timeout: 30,
      prohibitRollback: false,
      prohibitSkip: true,
      needs: ['host_id'],
    },
    ...(splitBy === undefined ? {} : { splitBy }),
  };
}

const context = { stringMap: {}, listMap: { host_ids: ['7', '9', '12'], none: [] } };

describe('expandChain', () => {
  const chain = [node('Prepare'), node('Install', 'host_ids'), node('Start', 'host_ids'), node('Finish')];
  const subtasks = expandChain(chain, context, 500, (element) => element?.value);

  it('makes one subtask per element of a split node and one of any other, as chainLength said', () => {
    expect(subtasks.map((subtask) => subtask.activity)).toEqual([
      'Prepare',
      'Install',
      'Install',
      'Install',
      'Start',
      'Start',
      'Start',
      'Finish',
    ]);
    expect(chainLength(chain, context)).toBe(8);
  });

  it('numbers ids and seriesId upwards in topological order', () => {
    expect(subtasks.map((subtask) => subtask.id)).toEqual([500, 501, 502, 503, 504, 505, 506, 507]);
    expect(subtasks.map((subtask) => subtask.seriesId)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(topologicalOrder(subtasks)).toEqual(subtasks.map((subtask) => subtask.id));
  });

  it('gives elements parallelIdx 0..n-1 and an unsplit node -1', () => {
    expect(subtasks.map((subtask) => subtask.parallelIdx)).toEqual([-1, 0, 1, 2, 0, 1, 2, -1]);
    expect(subtasks[5]?.element).toEqual({ key: 'host_ids', value: '9' });
    expect(subtasks[0]).not.toHaveProperty('element');
  });

  it('joins neighbouring nodes completely', () => {
    expect(subtasks[0]).toMatchObject({ upstreams: [], downstreams: [501, 502, 503] });
    expect(subtasks[2]).toMatchObject({ upstreams: [500], downstreams: [504, 505, 506] });
    expect(subtasks[4]).toMatchObject({ upstreams: [501, 502, 503], downstreams: [507] });
    expect(subtasks[7]).toMatchObject({ upstreams: [504, 505, 506], downstreams: [] });
  });

  it('copies the definition and names the place', () => {
    expect(subtasks[3]).toMatchObject({
      name: 'Install it',
      className: 'com.example.InstallTask',
      timeout: 30,
      prohibitSkip: true,
      needs: ['host_id'],
      target: '12',
    });
    expect(subtasks[0]).not.toHaveProperty('target');
  });

  it('refuses to split by a list that is empty or absent, naming it', () => {
    expect(() => expandChain([node('Install', 'none')], context, 1)).toThrow(GraphError);
    expect(() => chainLength([node('Install', 'zone_ids')], context)).toThrow(
      'Install it is split by zone_ids, and the context has no zone_ids.',
    );
  });
});

describe('orders', () => {
  it('puts every node after its upstreams', () => {
    const { subtasks } = planOf(DIAMOND);
    const [a, b, c, d] = subtasks.map((subtask) => subtask.id);
    expect(topologicalOrder([...subtasks].reverse())).toEqual([a, b, c, d]);
  });

  it('finds a cycle and names the nodes in it', () => {
    const nodes = [
      { id: 1, upstreams: [], downstreams: [2] },
      { id: 2, upstreams: [1, 3], downstreams: [3] },
      { id: 3, upstreams: [2], downstreams: [2] },
    ];
    expect(() => topologicalOrder(nodes)).toThrow('The graph has a cycle through 2, 3.');
  });

  it('refuses an edge that only one end knows, and an id used twice', () => {
    expect(() => topologicalOrder([{ id: 1, upstreams: [], downstreams: [2] }])).toThrow(GraphError);
    const lonely = { id: 1, upstreams: [], downstreams: [] };
    expect(() => topologicalOrder([lonely, { id: 2, upstreams: [1], downstreams: [] }])).toThrow(GraphError);
    expect(() => topologicalOrder([lonely, lonely])).toThrow('Two nodes have the same id.');
  });
});
