import dagre from '@dagrejs/dagre';
import type { Graph } from '../model/fold';

export const NODE_WIDTH = 232;
export const NODE_HEIGHT = 62;

/** Where each node of a graph stands, from top to bottom: its upper left corner by its id. */
export function layoutOf({
  nodes,
  edges,
}: Pick<Graph, 'nodes' | 'edges'>): Map<string, { x: number; y: number }> {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'TB', nodesep: 24, ranksep: 34 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of nodes) graph.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT });
  for (const { from, to } of edges) graph.setEdge(from, to);
  dagre.layout(graph);
  return new Map(
    nodes.map(({ id }) => {
      const { x = 0, y = 0 } = graph.node(id) as { x?: number; y?: number };
      return [id, { x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 }];
    }),
  );
}
