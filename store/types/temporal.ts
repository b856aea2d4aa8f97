/** A namespace of a Temporal; its id is a UUID that no other has, replicas of the same one excepted. */
export interface TemporalNamespace {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  /** Data folder of the dev server that obflow has started itself. */
  readonly ownIn?: string;
}

/** What was remembered before, and the open tasks whose workflows are there. */
export interface FormerTemporal {
  /** In English. */
  readonly former: string;
  readonly lost: readonly number[];
}

/**
 * Which Temporal the open tasks are in: a process that works with another one must neither start them there nor hold them for
 * lost. While there are none, whoever starts or stores a task decides.
 */
export interface TemporalOfTasks {
  /**
   * This process works with that namespace from now on; tasks that it adds are refused in another one's time.
   * Throws PermanentError OtherTemporal when open tasks are in another namespace, unless `accepted` is the id of this one.
   * Resolves to the former one when there was another.
   */
  use(namespace: TemporalNamespace, accepted?: string): Promise<FormerTemporal | undefined>;
  /** Throws PermanentError OtherTemporal when another process has begun to use another one since. */
  mustBeOwn(): Promise<void>;
}
