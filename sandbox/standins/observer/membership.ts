/** A server's side of its cluster: who the root service is, and whether it takes this server for one of its own. */
import { existsSync, readFileSync } from 'node:fs';
import { replaceFile } from '../files';
import { addressOf, type ServerState } from './clusterState';
import { askNode, type NodeCard, RPC_TIMEOUT_MS } from './rpc';

/** What a server remembers of the cluster it belongs, or belonged, to. */
interface Remembered {
  readonly rootService: string;
  /** Deleted from the cluster; its data is of no use to another one. */
  readonly left?: boolean;
  /** A BOOTSTRAP has begun here. It belongs to the cluster when that comes to its end, and is of no use when it never does. */
  readonly bootstrapping?: boolean;
}

export class Membership {
  /** This server's row at the last heartbeat; undefined while it is, or may be, nobody. */
  own: ServerState | undefined;
  private remembered: Remembered | undefined;
  private hint: string | undefined;

  /** `candidates` are the addresses of -r, asked in turn until one knows the root service. */
  constructor(
    private readonly file: string,
    private readonly candidates: readonly string[],
  ) {
    if (existsSync(file)) this.remembered = JSON.parse(readFileSync(file, 'utf8')) as Remembered;
  }

  /** Its directories have been part of a cluster once: no other ADD SERVER takes them. */
  get isMarked(): boolean {
    return this.remembered !== undefined;
  }

  get isMember(): boolean {
    const { remembered } = this;
    return remembered !== undefined && remembered.left !== true && remembered.bootstrapping !== true;
  }

  get rootService(): string | undefined {
    return this.hint ?? this.remembered?.rootService;
  }

  remember(rootService: string, left = false): void {
    this.write(left ? { rootService, left } : { rootService });
  }

  /** False when the directories were not empty. */
  beginBootstrap(rootService: string): boolean {
    if (this.isMarked) return false;
    this.write({ rootService, bootstrapping: true });
    return true;
  }

  private write(next: Remembered): void {
    if (JSON.stringify(next) === JSON.stringify(this.remembered)) return;
    this.remembered = next;
    replaceFile(this.file, JSON.stringify(next));
  }

  /** Somebody else is the root service now. */
  follow(rootService: string): void {
    this.hint = rootService;
    if (this.isMember) this.remember(rootService);
  }

  /** Tells the root service about this server, wherever it is now; false when it was silent, which changes nothing. */
  async heartbeat(card: NodeCard): Promise<boolean> {
    for (const address of new Set([this.hint, this.remembered?.rootService, ...this.candidates])) {
      if (address === undefined || address === addressOf(card)) continue;
      const reply = await askNode(address, { op: 'heartbeat', from: card }, RPC_TIMEOUT_MS).catch(
        () => undefined,
      );
      if (reply?.kind === 'elsewhere' && reply.rootService !== undefined) this.hint = reply.rootService;
      if (reply?.kind !== 'heartbeat') continue;
      this.hint = reply.rootService;
      this.own = reply.own;
      if (reply.own !== undefined) this.remember(reply.rootService);
      else if (this.remembered !== undefined) this.remember(this.remembered.rootService, true);
      return true;
    }
    return false;
  }
}
