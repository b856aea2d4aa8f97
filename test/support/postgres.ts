export {
  execute,
  postgresUnavailable,
  startPostgres,
  type TestPostgres,
} from '../../sandbox/postgres/server';
