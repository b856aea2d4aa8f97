/** The sessions of clients, as SHOW PROXYSESSION lists them (ob_show_session_handler.cpp). */
import type { Answer } from '../mysql/server';

export interface Session {
  readonly id: number;
  readonly user: string;
  readonly tenant: string;
  readonly cluster: string;
  /** `ip:port` of the client. */
  readonly host: string;
  readonly database: string;
  /** root@proxysys; the others are users of a cluster. */
  readonly isAdministrator: boolean;
  transactions: number;
  inTransaction: boolean;
}

const COLUMNS = [
  'proxy_sessid',
  'Id',
  'Cluster',
  'Tenant',
  'User',
  'Host',
  'db',
  'trans_count',
  'svr_session_count',
  'state',
  'tid',
  'pid',
  'using_ssl',
];

export class Sessions {
  private readonly open = new Set<Session>();
  private readonly deletedClusters = new Set<string>();
  private ids = 0;

  begin(about: Omit<Session, 'id' | 'transactions' | 'inTransaction'>): Session {
    this.ids += 1;
    const session = { ...about, id: this.ids, transactions: 0, inTransaction: false };
    this.open.add(session);
    if (!session.isAdministrator) this.deletedClusters.delete(session.cluster);
    return session;
  }

  end(session: Session): void {
    this.open.delete(session);
  }

  knowsCluster(name: string): boolean {
    return [...this.open].some(({ isAdministrator, cluster }) => !isAdministrator && cluster === name);
  }

  /** Its sessions are closed when their transactions end (ob_mysql_client_session.cpp). */
  deleteCluster(name: string): void {
    this.deletedClusters.add(name);
  }

  isOfDeletedCluster({ isAdministrator, cluster }: Session): boolean {
    return !isAdministrator && this.deletedClusters.has(cluster);
  }

  list(): Answer {
    return {
      kind: 'rows',
      columns: COLUMNS,
      rows: [...this.open].map((session) => [
        session.isAdministrator ? 0 : session.id,
        session.id,
        session.cluster,
        session.tenant,
        session.user,
        session.host,
        session.database === '' ? 'NULL' : session.database,
        session.transactions,
        session.isAdministrator ? 0 : 1,
        'MCS_ACTIVE_READER',
        process.pid,
        process.pid,
        0,
      ]),
    };
  }
}

/** What a user's session hears: as much as a test needs that holds one open. There is no observer behind it. */
export function userStatement(session: Session, sql: string): Answer {
  const statement = sql.trim().replace(/[;\s]+$/, '');
  if (/^(begin|start\s+transaction)$/i.test(statement)) session.inTransaction = true;
  else if (/^(commit|rollback)$/i.test(statement)) session.inTransaction = false;
  else {
    const number = /^select\s+(\d+)$/i.exec(statement)?.[1];
    if (number === undefined) return { kind: 'error', error: { code: 1235, message: 'Not supported' } };
    return { kind: 'rows', columns: [number], rows: [[number]] };
  }
  return { kind: 'ok' };
}
