import { existsSync } from 'node:fs';
import { sql } from 'kysely';
import Libsql from 'libsql';
import { PermanentError } from '../../runtime/errors';
import { type Said, say } from '../../runtime/messages/catalogue';
import { isSqliteBusy } from '../errors';
import type { Database } from './database';

/**
 * Refuses a database that another obflow has open: copying one that changes would lose what is written meanwhile.
 * PostgreSQL lists the connections, of which every API and worker keeps one; a SQLite file leaves WAL mode only for
 * the one who has it alone. Call it before the first query. Throws PermanentError DatabaseInUse.
 */
export async function refuseWhenInUse(database: Database, file: string | undefined): Promise<void> {
  if (file !== undefined) {
    if (existsSync(file)) refuseOpenFile(file);
    return;
  }
  const { rows } = await sql<{ place: string; connections: number }>`
    select coalesce(host(client_addr), 'this machine') as place, count(*) as connections
    from pg_stat_activity
    where datname = current_database() and application_name = 'obflow' and pid <> pg_backend_pid()
    group by 1 order by 1`.execute(database.db);
  if (rows.length === 0) return;
  const seen = rows.map(({ place, connections }) => `${connections} connection(s) from ${place}`).join(', ');
  throw inUse(say('store.inUse', { seen }));
}

function refuseOpenFile(file: string): void {
  const beside = new Libsql(file);
  try {
    beside.exec('PRAGMA journal_mode=DELETE');
  } catch (error) {
    if (isSqliteBusy(error)) throw inUse(say('store.fileOpen'), file);
    // Whatever else is wrong with the file, opening it says so.
  } finally {
    beside.close();
  }
}

function inUse(cameBack: Said, where?: string): PermanentError {
  return new PermanentError({
    type: 'DatabaseInUse',
    tried: say('store.take'),
    ...(where === undefined ? {} : { where: `file ${where}` }),
    cameBack,
    next: say('next.stopAll'),
  });
}
