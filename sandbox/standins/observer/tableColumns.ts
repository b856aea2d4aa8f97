/** Columns of the tables and views that the stand-in knows, by version (OceanBase documentation, system views). */
import type { Database } from 'sql.js';

const SERVER_COLUMNS = `svr_ip TEXT, svr_port INTEGER, id INTEGER, zone TEXT, inner_port INTEGER, with_rootserver INTEGER,
  status TEXT, block_migrate_in_time INTEGER, build_version TEXT, stop_time INTEGER, start_service_time INTEGER`;
const PARAMETER_COLUMNS = `zone TEXT, svr_type TEXT, svr_ip TEXT, svr_port INTEGER, name TEXT, data_type TEXT, value TEXT,
  info TEXT, section TEXT, scope TEXT, source TEXT, edit_level TEXT, tenant_id INTEGER`;

const SCHEMA_COLUMNS = 'svr_ip TEXT, svr_port INTEGER, tenant_id INTEGER, refreshed_schema_version INTEGER';

/** Makes the tables and views that such a version has, empty. */
export function createTables(database: Database, isV4: boolean): void {
  database.run(`CREATE TABLE oceanbase.__all_server(${SERVER_COLUMNS})`);
  database.run('CREATE TABLE oceanbase.__all_zone(zone TEXT, name TEXT, value INTEGER, info TEXT)');
  database.run(
    'CREATE TABLE oceanbase.__all_user(tenant_id INTEGER, user_id INTEGER, user_name TEXT, host TEXT)',
  );
  database.run('CREATE TABLE mysql.user(host TEXT, user TEXT)');
  database.run(`CREATE TABLE oceanbase.__all_core_table(table_name TEXT, row_id INTEGER, column_name TEXT,
      column_value TEXT)`);
  if (!isV4) {
    database.run(`CREATE TABLE oceanbase.__all_tenant(tenant_id INTEGER, tenant_name TEXT, locality TEXT,
        primary_zone TEXT)`);
    database.run(
      `CREATE TABLE oceanbase.__all_resource_pool(resource_pool_id INTEGER, name TEXT, unit_count INTEGER,
        unit_config_id INTEGER, tenant_id INTEGER)`,
    );
    database.run(`CREATE TABLE oceanbase.__all_unit_config(unit_config_id INTEGER, name TEXT, max_cpu NUMERIC,
        min_cpu NUMERIC, max_memory INTEGER, min_memory INTEGER)`);
    database.run(`CREATE TABLE oceanbase.__all_rootservice_job(job_id INTEGER, job_type TEXT, job_status TEXT,
        progress INTEGER, tenant_id INTEGER, unit_id INTEGER)`);
    database.run(`CREATE TABLE oceanbase."gv$partition"(tenant_id INTEGER, svr_ip TEXT, svr_port INTEGER, zone TEXT,
        role INTEGER)`);
    database.run(`CREATE TABLE oceanbase.__all_virtual_sys_parameter_stat(${PARAMETER_COLUMNS})`);
    database.run(`CREATE TABLE oceanbase.__all_unit(unit_id INTEGER, resource_pool_id INTEGER, group_id INTEGER,
        zone TEXT, svr_ip TEXT, svr_port INTEGER, migrate_from_svr_ip TEXT, migrate_from_svr_port INTEGER,
        status TEXT)`);
    database.run(`CREATE TABLE oceanbase.__all_virtual_core_meta_table(tenant_id INTEGER, zone TEXT, svr_ip TEXT,
        svr_port INTEGER, sql_port INTEGER, role INTEGER)`);
    database.run(`CREATE TABLE oceanbase.__all_virtual_clog_stat(svr_ip TEXT, svr_port INTEGER, is_in_sync INTEGER,
        is_offline INTEGER)`);
    database.run(`CREATE TABLE oceanbase.__all_virtual_server_schema_info(${SCHEMA_COLUMNS})`);
    database.run(`CREATE TABLE oceanbase.__all_virtual_server_stat(svr_ip TEXT, svr_port INTEGER, zone TEXT,
        cpu_total NUMERIC, cpu_assigned NUMERIC, mem_total INTEGER, mem_assigned INTEGER, disk_total INTEGER,
        disk_in_use INTEGER)`);
    return;
  }
  for (const name of ['GV$OB_PARAMETERS', 'V$OB_PARAMETERS'])
    database.run(`CREATE TABLE oceanbase."${name}"(SVR_IP TEXT, SVR_PORT INTEGER, ZONE TEXT, SCOPE TEXT,
        TENANT_ID INTEGER, NAME TEXT, DATA_TYPE TEXT, VALUE TEXT, INFO TEXT, SECTION TEXT, EDIT_LEVEL TEXT,
        DEFAULT_VALUE TEXT, ISDEFAULT TEXT)`);
  database.run(`CREATE TABLE oceanbase.DBA_OB_SERVERS(SVR_IP TEXT, SVR_PORT INTEGER, ID INTEGER, ZONE TEXT,
      SQL_PORT INTEGER, WITH_ROOTSERVER TEXT, STATUS TEXT, START_SERVICE_TIME TEXT, STOP_TIME TEXT,
      BLOCK_MIGRATE_IN_TIME TEXT, BUILD_VERSION TEXT)`);
  database.run(`CREATE TABLE oceanbase.DBA_OB_TENANTS(TENANT_ID INTEGER, TENANT_NAME TEXT, TENANT_TYPE TEXT,
      STATUS TEXT, LOCALITY TEXT, PRIMARY_ZONE TEXT)`);
  database.run(`CREATE TABLE oceanbase.DBA_OB_ZONE_MAJOR_COMPACTION(ZONE TEXT, BROADCAST_SCN INTEGER,
      LAST_SCN INTEGER, STATUS TEXT)`);
  database.run(`CREATE TABLE oceanbase.DBA_OB_UNITS(UNIT_ID INTEGER, TENANT_ID INTEGER, STATUS TEXT,
      RESOURCE_POOL_ID INTEGER, ZONE TEXT, SVR_IP TEXT, SVR_PORT INTEGER, MIGRATE_FROM_SVR_IP TEXT,
      MIGRATE_FROM_SVR_PORT INTEGER, MAX_CPU NUMERIC, MIN_CPU NUMERIC, MEMORY_SIZE INTEGER, LOG_DISK_SIZE INTEGER)`);
  database.run(`CREATE TABLE oceanbase.DBA_OB_UNIT_JOBS(JOB_ID INTEGER, JOB_TYPE TEXT, JOB_STATUS TEXT,
      PROGRESS INTEGER, TENANT_ID INTEGER, UNIT_ID INTEGER)`);
  database.run(`CREATE TABLE oceanbase.CDB_OB_LS_LOCATIONS(TENANT_ID INTEGER, LS_ID INTEGER, SVR_IP TEXT,
      SVR_PORT INTEGER, SQL_PORT INTEGER, ZONE TEXT, ROLE TEXT)`);
  database.run(`CREATE TABLE oceanbase."GV$OB_LOG_STAT"(TENANT_ID INTEGER, LS_ID INTEGER, SVR_IP TEXT,
      SVR_PORT INTEGER, ROLE TEXT, IN_SYNC TEXT, PAXOS_MEMBER_LIST TEXT, PAXOS_REPLICA_NUM INTEGER)`);
  database.run(`CREATE TABLE oceanbase."GV$OB_SERVER_SCHEMA_INFO"(${SCHEMA_COLUMNS})`);
  database.run(`CREATE TABLE oceanbase.__all_virtual_ls_info(svr_ip TEXT, svr_port INTEGER, tenant_id INTEGER,
      ls_id INTEGER, checkpoint_scn INTEGER)`);
  database.run(`CREATE TABLE oceanbase."GV$OB_SERVERS"(SVR_IP TEXT, SVR_PORT INTEGER, ZONE TEXT, SQL_PORT INTEGER,
      CPU_CAPACITY NUMERIC, CPU_CAPACITY_MAX NUMERIC, CPU_ASSIGNED NUMERIC, CPU_ASSIGNED_MAX NUMERIC, MEM_CAPACITY INTEGER, MEM_ASSIGNED INTEGER,
      LOG_DISK_CAPACITY INTEGER, LOG_DISK_ASSIGNED INTEGER, DATA_DISK_CAPACITY INTEGER, DATA_DISK_IN_USE INTEGER)`);
  database.run(
    'CREATE TABLE oceanbase.DBA_OB_ZONES(ZONE TEXT, STATUS TEXT, IDC TEXT, REGION TEXT, TYPE TEXT)',
  );
}
