import {
  type ColumnDefinitionBuilder,
  type CreateTableBuilder,
  type Kysely,
  type Migration,
  type RawBuilder,
  sql,
} from 'kysely';

// A migration is written against the schema of its day, which the table types of schema.ts are not.
type AnyDatabase = Kysely<unknown>;
type Column = (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder;

const required: Column = (column) => column.notNull();

/** Every table of the first version. */
export function initial(kind: 'sqlite' | 'postgres'): Migration {
  const postgres = kind === 'postgres';
  // Both databases then compare and sort text by its bytes, and lower() changes ASCII only.
  const text: RawBuilder<unknown> = postgres ? sql`text collate "C"` : sql`text`;
  // 64 bits in both; a SQLite primary key must be called integer to number its rows.
  const integer: 'bigint' | 'integer' = postgres ? 'bigint' : 'integer';

  /** A table whose rows number themselves from 1; numbers are never used again. */
  const numbered = (db: AnyDatabase, table: string): CreateTableBuilder<string, string> =>
    db.schema
      .createTable(table)
      .addColumn('id', integer, (column) =>
        postgres ? column.generatedByDefaultAsIdentity().primaryKey() : column.autoIncrement().primaryKey(),
      );

  const references =
    (target: string): Column =>
    (column) =>
      column.notNull().references(target);

  async function access(db: AnyDatabase): Promise<void> {
    await db.schema
      .createTable('write_lock')
      .addColumn('id', integer, (c) => c.primaryKey())
      .execute();
    await sql`insert into write_lock (id) values (1)`.execute(db);
    await db.schema
      .createTable('settings')
      .addColumn('name', text, (c) => c.notNull().primaryKey())
      .addColumn('value', text, required)
      .execute();
    await db.schema
      .createTable('sequences')
      .addColumn('name', text, (c) => c.notNull().primaryKey())
      .addColumn('next', integer, required)
      .execute();
    await sql`insert into sequences (name, next) values ('task', 1), ('subtask', 1)`.execute(db);
    await db.schema
      .createTable('users')
      .addColumn('id', integer, (c) => c.primaryKey())
      .addColumn('name', text, (c) => c.notNull().unique())
      .addColumn('password_hash', text, required)
      .addColumn('create_time', text, required)
      .execute();
    await numbered(db, 'credentials')
      .addColumn('name', text, (c) => c.notNull().unique())
      .addColumn('kind', text, required)
      .addColumn('username', text, required)
      .addColumn('secret', text, required)
      .addColumn('passphrase', text)
      .addColumn('create_time', text, required)
      .addColumn('update_time', text, required)
      .execute();
  }

  async function hosts(db: AnyDatabase): Promise<void> {
    await numbered(db, 'regions')
      .addColumn('name', text, (c) => c.notNull().unique())
      .execute();
    await numbered(db, 'idcs')
      .addColumn('name', text, required)
      .addColumn('region_id', integer, references('regions.id'))
      .addUniqueConstraint('idcs_place', ['name', 'region_id'])
      .execute();
    await numbered(db, 'hosts')
      .addColumn('ip', text, required)
      .addColumn('ssh_port', integer, required)
      .addColumn('declared_name', text)
      .addColumn('hostname', text)
      .addColumn('credential_id', integer, references('credentials.id'))
      .addColumn('host_key', text)
      .addColumn('host_key_source', text)
      .addColumn('idc_id', integer, references('idcs.id'))
      .addColumn('architecture', text)
      .addColumn('kernel', text)
      .addColumn('os_id', text)
      .addColumn('os_like', text)
      .addColumn('os_major', text)
      .addColumn('status', text, required)
      .addColumn('create_time', text, required)
      .addColumn('update_time', text, required)
      .addUniqueConstraint('hosts_address', ['ip', 'ssh_port'])
      .execute();
    await numbered(db, 'packages')
      .addColumn('file_name', text, (c) => c.notNull().unique())
      .addColumn('name', text, required)
      .addColumn('version', text, required)
      .addColumn('release', text, required)
      .addColumn('architecture', text, required)
      .addColumn('operating_system', text)
      .addColumn('size', integer, required)
      .addColumn('sha256', text, required)
      .addColumn('sha1', text, required)
      .addColumn('type', text, required)
      .addColumn('home', text)
      .addColumn('create_time', text, required)
      .execute();
  }

  async function clusters(db: AnyDatabase): Promise<void> {
    await numbered(db, 'ob_clusters')
      .addColumn('name', text, required)
      .addColumn('ob_cluster_id', integer, required)
      .addColumn('version', text, required)
      .addColumn('type', text, required)
      .addColumn('sys_credential_id', integer, references('credentials.id'))
      .addColumn('proxyro_credential_id', integer, references('credentials.id'))
      .addColumn('create_time', text, required)
      .addColumn('update_time', text, required)
      .addUniqueConstraint('ob_clusters_name', ['name', 'ob_cluster_id'])
      .execute();
    await db.schema
      .createTable('ob_root_servers')
      .addColumn('cluster_id', integer, (c) => c.notNull().references('ob_clusters.id').onDelete('cascade'))
      .addColumn('position', integer, required)
      .addColumn('ip', text, required)
      .addColumn('sql_port', integer, required)
      .addColumn('rpc_port', integer, required)
      .addPrimaryKeyConstraint('ob_root_servers_key', ['cluster_id', 'position'])
      .execute();
    await numbered(db, 'obproxy_clusters')
      .addColumn('name', text, (c) => c.notNull().unique())
      .addColumn('address', text)
      .addColumn('port', integer)
      .addColumn('work_mode', text, required)
      .addColumn('parameter_version', integer, required)
      .addColumn('startup_parameters', text, required)
      .addColumn('parameters', text, required)
      .addColumn('run_user', text, required)
      .addColumn('proxysys_password', text, required)
      .addColumn('creator_id', integer, required)
      .addColumn('creator_name', text, required)
      .addColumn('create_time', text, required)
      .addColumn('update_time', text, required)
      .execute();
    await db.schema
      .createTable('obproxy_links')
      .addColumn('obproxy_cluster_id', integer, (c) =>
        c.notNull().references('obproxy_clusters.id').onDelete('cascade'),
      )
      .addColumn('position', integer, required)
      .addColumn('ob_cluster_id', integer, references('ob_clusters.id'))
      .addColumn('username', text, required)
      .addPrimaryKeyConstraint('obproxy_links_key', ['obproxy_cluster_id', 'ob_cluster_id'])
      .execute();
    await numbered(db, 'obproxy_servers')
      .addColumn('cluster_id', integer, references('obproxy_clusters.id'))
      .addColumn('host_id', integer, (c) => c.notNull().unique().references('hosts.id'))
      .addColumn('sql_port', integer, required)
      .addColumn('exporter_port', integer, required)
      .addColumn('rpc_port', integer)
      .addColumn('version', text, required)
      .addColumn('package_id', integer, (c) => c.references('packages.id'))
      .addColumn('status', text, required)
      .addColumn('operate_status', text, required)
      .addColumn('parameter_version', integer, required)
      .addColumn('last_active_time', text)
      .addColumn('task_id', integer, required)
      .addColumn('create_time', text, required)
      .execute();
    await db.schema
      .createTable('exporters')
      .addColumn('obproxy_server_id', integer, (c) =>
        c.primaryKey().references('obproxy_servers.id').onDelete('cascade'),
      )
      .addColumn('target', text, required)
      .addColumn('labels', text, required)
      .execute();
  }

  async function tasks(db: AnyDatabase): Promise<void> {
    await db.schema
      .createTable('tasks')
      .addColumn('id', integer, (c) => c.primaryKey())
      .addColumn('name', text, required)
      .addColumn('workflow_type', text, required)
      .addColumn('status', text, required)
      .addColumn('operation', text, required)
      .addColumn('sequence', integer, required)
      .addColumn('closed', integer, required)
      .addColumn('started', integer, required)
      .addColumn('archived', integer, required)
      .addColumn('creator_id', integer, required)
      .addColumn('creator_name', text, required)
      .addColumn('host_id', integer)
      .addColumn('cluster_id', integer)
      .addColumn('cluster_name', text)
      .addColumn('tenant_id', integer)
      .addColumn('tenant_name', text)
      .addColumn('type', text, required)
      .addColumn('create_time', text, required)
      .addColumn('finish_time', text)
      .execute();
    await db.schema
      .createTable('task_texts')
      .addColumn('task_id', integer, (c) => c.primaryKey().references('tasks.id').onDelete('cascade'))
      .addColumn('plan', text, required)
      .addColumn('document', text)
      .execute();
    await numbered(db, 'task_logs')
      .addColumn('task_id', integer, required)
      .addColumn('subtask_id', integer, required)
      .addColumn('run', integer, required)
      .addColumn('operation', text, required)
      .addColumn('time', text, required)
      .addColumn('level', text, required)
      .addColumn('text', text, required)
      .execute();
    // No reference to tasks: a dry run takes locks for tasks that never get a row.
    await db.schema
      .createTable('locks')
      .addColumn('resource', text, required)
      .addColumn('task_id', integer, required)
      .addPrimaryKeyConstraint('locks_key', ['resource', 'task_id'])
      .execute();
  }

  async function indexes(db: AnyDatabase): Promise<void> {
    const columns: Record<string, readonly string[]> = {
      hosts: ['credential_id', 'idc_id'],
      ob_root_servers: ['ip'],
      obproxy_links: ['ob_cluster_id'],
      obproxy_servers: ['cluster_id', 'package_id'],
      locks: ['task_id'],
      tasks: [
        'name',
        'status',
        'type',
        'cluster_id',
        'cluster_name',
        'tenant_id',
        'tenant_name',
        'host_id',
        'create_time',
        'finish_time',
      ],
    };
    for (const [table, names] of Object.entries(columns)) {
      for (const name of names) {
        await db.schema.createIndex(`${table}_${name}`).on(table).column(name).execute();
      }
    }
    await db.schema
      .createIndex('task_logs_subtask')
      .on('task_logs')
      .columns(['task_id', 'subtask_id', 'id'])
      .execute();
    // Open and unstarted tasks are few among many.
    await sql`create index tasks_open on tasks (id) where archived = 0`.execute(db);
    await sql`create index tasks_unstarted on tasks (create_time) where started = 0`.execute(db);
  }

  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await access(db);
      await hosts(db);
      await clusters(db);
      await tasks(db);
      await indexes(db);
    },
  };
}
