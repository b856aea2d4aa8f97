import { Client, Connection, type ConnectionOptions, isGrpcServiceError } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { temporal } from '@temporalio/proto';
import type { NativeConnection } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../workflows/searchAttributes';
import { endingRetries } from './endingRetries';
import { PermanentError, TransientError } from './errors';
import { isHere, withoutProxy } from './temporalPlace';

/** A connected Temporal; whoever made it closes it. */
export interface TemporalHandle {
  readonly connection: Connection;
  readonly client: Client;
  readonly namespace: string;
  readonly address: string;
  /** As nativeConnection() needs them; may hold an API key. */
  readonly connectionOptions: ConnectionOptions;
  close(): Promise<void>;
}

/**
 * SDK 1.24 sets its 128 MiB limit under a key without the `grpc.` prefix, so 4 MiB holds (measured): the history
 * of a task with some hundred subtasks could not be read.
 */
const MAX_MESSAGE_BYTES = 128 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Connects as the environment says (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TLS, API key, profiles: the temporal
 * command's own conventions). With `address` (an own dev server, `host:port`) it connects there in clear to the
 * namespace `default`, whatever the environment says.
 * Throws TransientError when the server does not answer within 5 s.
 */
export async function connectTemporal(options: { address?: string } = {}): Promise<TemporalHandle> {
  const configured =
    options.address === undefined
      ? loadClientConnectConfig()
      : { connectionOptions: { address: options.address }, namespace: 'default' };
  const address = configured.connectionOptions.address ?? '127.0.0.1:7233';
  const namespace = configured.namespace ?? 'default';
  const retries = endingRetries();
  const connectionOptions = {
    ...configured.connectionOptions,
    interceptors: retries.interceptors,
    address,
    connectTimeout: CONNECT_TIMEOUT_MS,
    channelArgs: {
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
      ...withoutProxy(address),
    },
  } as ConnectionOptions;
  const connection = await Connection.connect(connectionOptions).catch((error: unknown) => {
    throw unreachable('connect to Temporal', address, error);
  });
  return {
    connection,
    client: new Client({ connection, namespace }),
    namespace,
    address,
    connectionOptions,
    close: () => {
      retries.end();
      return connection.close();
    },
  };
}

/** The worker's connection to the same server; the caller closes it. Throws TransientError when it does not answer. */
export async function nativeConnection(handle: TemporalHandle): Promise<NativeConnection> {
  // Loaded here: a process that only serves the API is spared the native worker (0.4 s, 90 MB).
  const worker = await import('@temporalio/worker');
  const { address, tls, apiKey, metadata } = handle.connectionOptions;
  return worker.NativeConnection.connect({
    ...(address === undefined ? {} : { address }),
    ...(tls === undefined || tls === null ? {} : { tls }),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(metadata === undefined ? {} : { metadata }),
    // By default each of some 80 messages of an installation is compressed and unpacked again, on both sides.
    ...(isHere(handle.address) ? { grpcCompression: { codec: 'none' } } : {}),
  } as Parameters<typeof worker.NativeConnection.connect>[0]).catch((error: unknown) => {
    throw unreachable('connect the worker to Temporal', handle.address, error);
  });
}

/**
 * Registers the search attributes that are missing and waits until they can be used (about 50 ms). With
 * `retentionDays` it also raises the namespace's retention to that, never lowers it: a dev server forgets closed
 * workflows after a day; in production the retention is its operator's decision. Repeating it is harmless.
 * Resolves to the id of the namespace, '' from a server that does not tell it.
 * Throws PermanentError when the namespace does not exist or the attributes may not be registered, TransientError
 * when the server does not answer.
 */
export async function prepareNamespace(
  handle: TemporalHandle,
  options: { retentionDays?: number } = {},
): Promise<string> {
  const { connection, namespace } = handle;
  const described = await connection.workflowService
    .describeNamespace({ namespace })
    .catch((error: unknown) =>
      fail(
        handle,
        error,
        'read its namespace',
        `Create it: temporal operator namespace create -n ${namespace}`,
      ),
    );
  const listed = await connection.operatorService
    .listSearchAttributes({ namespace })
    .catch((error: unknown) =>
      fail(handle, error, 'read the search attributes of', 'Look into the log of the server'),
    );
  const known = listed.customAttributes ?? {};
  const missing = Object.values(SEARCH_ATTRIBUTES).filter((key) => known[key.name] === undefined);
  if (missing.length > 0) {
    await connection.operatorService
      .addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(missing.map((key) => [key.name, INDEXED_TYPE[key.type]])),
      })
      .catch((error: unknown) =>
        fail(
          handle,
          error,
          'register the search attributes',
          `Ask the server's operator to run: ${missing
            .map(
              (key) =>
                `temporal operator search-attribute create --name ${key.name} --type ${CLI_TYPE[key.type]}`,
            )
            .join('; ')}`,
        ),
      );
    await usable(handle);
  }
  const wished = (options.retentionDays ?? 0) * 86_400;
  const seconds = Number(described.config?.workflowExecutionRetentionTtl?.seconds ?? 0);
  if (seconds < wished) {
    await connection.workflowService.updateNamespace({
      namespace,
      config: { workflowExecutionRetentionTtl: { seconds: wished as unknown as Long } },
    });
  }
  return described.namespaceInfo?.id ?? '';
}

type Long = NonNullable<
  NonNullable<temporal.api.namespace.v1.INamespaceConfig['workflowExecutionRetentionTtl']>['seconds']
>;
type OwnType = (typeof SEARCH_ATTRIBUTES)[keyof typeof SEARCH_ATTRIBUTES]['type'];

const INDEXED_TYPE: Readonly<Record<OwnType, temporal.api.enums.v1.IndexedValueType>> = {
  KEYWORD: temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  BOOL: temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
};
const CLI_TYPE: Readonly<Record<OwnType, string>> = { KEYWORD: 'Keyword', BOOL: 'Bool' };

async function usable({ client }: TemporalHandle): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      await client.workflow.count("TaskState = 'none' AND NeedsOperator = false");
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function unreachable(tried: string, where: string, error: unknown): TransientError {
  return new TransientError({
    type: 'TemporalUnreachable',
    tried,
    where,
    cameBack: textOf(error),
    next: 'Start it, or correct TEMPORAL_ADDRESS; without TEMPORAL_ADDRESS `obflow up` starts its own.',
  });
}

/** gRPC statuses DEADLINE_EXCEEDED and UNAVAILABLE. */
const NO_ANSWER: readonly number[] = [4, 14];

function fail(handle: TemporalHandle, error: unknown, tried: string, next: string): never {
  if (isGrpcServiceError(error) && NO_ANSWER.includes(error.code)) {
    throw unreachable(`${tried} "${handle.namespace}" of Temporal`, handle.address, error);
  }
  throw new PermanentError({
    type: 'TemporalNotPrepared',
    tried: `${tried} "${handle.namespace}" of Temporal`,
    where: handle.address,
    cameBack: textOf(error),
    next: `${next}.`,
  });
}

function textOf(error: unknown): string {
  if (isGrpcServiceError(error)) return error.details;
  return error instanceof Error ? error.message : String(error);
}
