export {
  execute,
  postgresProgram,
  postgresUnavailable,
  startPostgres,
  type TestPostgres,
} from '../../sandbox/postgres/server';
