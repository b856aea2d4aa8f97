/** Settings of API and worker, parsed once from the environment (see cli `obflow up --help`). */
export interface RuntimeConfig {
  /** Addresses the API listens on, `host:port`; default 127.0.0.1:8080. */
  readonly listen: readonly { readonly host: string; readonly port: number }[];
  /** Base URL under which hosts reach this API's /services, without a trailing slash. */
  readonly publicUrl: string;
  /** Absolute path. */
  readonly dataDir: string;
  /** `file:/abs/path` or `postgres://…` */
  readonly databaseUrl: string;
  readonly masterKeyFile: string;
  readonly adminPassword: string | undefined;
  readonly taskQueue: string;
  readonly temporalPort: number;
  readonly temporalUiPort: number;
  readonly logLevel: string;
}
