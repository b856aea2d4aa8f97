export {
  execute,
  postgresProgram,
  postgresUnavailable,
  startPostgres,
  type TestPostgres,
} from '../../sandbox/postgres/server';

/** URL of a new, empty database on the PostgreSQL server of this run; the first caller waits for its start. */
export async function newPostgresDatabase(): Promise<string> {
  const response = await fetch(`${process.env.TEST_SERVERS}/postgres`);
  if (!response.ok) throw new Error(`The shared PostgreSQL server did not start: ${await response.text()}`);
  return (await response.json()) as string;
}
