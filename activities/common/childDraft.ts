import type { LockWish } from '../../store/types';
import type { Chain } from '../../workflows/chain';
import type { Plan } from '../../workflows/plan';

/** What of a submitted task is its own; who asked for it and how it runs is as in its parent. */
export interface ChildDraft
  extends Pick<Plan, 'name' | 'context' | 'unshown' | 'hostId' | 'cluster' | 'tenant' | 'place' | 'places'> {
  /** Exported workflow function of workflows/index.ts. */
  readonly workflowType: string;
  readonly chain: Chain;
  /** What it changes; absent: what its parent has locked. They share it, and each holds it until its own end. */
  readonly locks?: readonly LockWish[];
}
