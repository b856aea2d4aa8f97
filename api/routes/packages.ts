import { lstat } from 'node:fs/promises';
import { z } from 'zod';
import { splitRelease } from '../../oceanbase/packageName';
import { packageLock } from '../../operations/locks';
import { Refusal } from '../../operations/refusal';
import { IdPath, PackageFileName, QueryText } from '../../operations/schemas';
import { say } from '../../runtime/messages/catalogue';
import type { PackageRow, Store } from '../../store/types';
import { ErrorAnswer, listOf, NoData, pagedOf, Time, Whole } from '../http/answers';
import { pageOf } from '../http/envelope';
import { listed, listOfWords, PAGING, pageRequest, TextList } from '../http/paging';
import { ocpTime } from '../http/time';
import { deletePackage, PACKAGE_TYPES, packageFile, receivePackage } from '../objects/packageUpload';
import { type ApiServices, bareRoute, type Route, route } from '../route';

const DOWNLOAD = '/api/v2/files/sys-package';
const tag = 'Packages';

const PackageDocument = z.object({
  id: Whole,
  name: z.string(),
  fileName: z.string(),
  extension: z.literal('rpm'),
  size: Whole.describe('Bytes.'),
  sha1: z.string(),
  sha256: z.string(),
  downloadUrl: z.string(),
  type: z.string().describe('OBPROXY_INSTALL_PACKAGE, OB_SERVER_INSTALL_PACKAGE, …'),
  version: z.string(),
  buildNumber: z.string(),
  operatingSystem: z.string().nullable().describe('Dist tag of the release, e.g. el7.'),
  architecture: z.string(),
});
const PackageUser = z
  .object({
    kind: z.enum(['OBPROXY_CLUSTER', 'OB_CLUSTER', 'TASK']),
    id: Whole,
    name: z.string(),
    servers: Whole.exactOptional().describe('Of a cluster: how many of its servers are made from it.'),
  })
  .meta({ id: 'PackageUser' });
const ListedPackage = PackageDocument.extend({
  createTime: Time,
  deletable: z.boolean().describe('Nothing uses it.'),
  usedBy: listOf(PackageUser).describe(
    'Clusters with OBProxies or OBServers made from it, and open tasks that need it. Ours.',
  ),
  installationDataList: z.array(z.never()),
});
export type ListedPackage = Readonly<z.output<typeof ListedPackage>>;

/** SoftwarePackageMeta, the fields of the documented upload answer. */
function packageDocument(row: PackageRow, publicUrl: string): z.input<typeof PackageDocument> {
  return {
    id: row.id,
    name: row.name,
    fileName: row.fileName,
    extension: 'rpm',
    size: row.size,
    sha1: row.sha1,
    sha256: row.sha256,
    downloadUrl: `${publicUrl}${DOWNLOAD}/${encodeURIComponent(row.fileName)}`,
    type: row.type,
    version: row.version,
    buildNumber: splitRelease(row.release).number,
    operatingSystem: row.operatingSystem,
    architecture: row.architecture,
  };
}

/** What keeps each of the packages from being deleted. */
async function usersOf(
  { packages, locks }: Pick<Store, 'packages' | 'locks'>,
  ids: readonly number[],
): Promise<Map<number, z.input<typeof PackageUser>[]>> {
  const users = new Map(ids.map((id): [number, z.input<typeof PackageUser>[]] => [id, []]));
  for (const { packageId, ...user } of await packages.usedBy(ids)) users.get(packageId)?.push(user);
  const held = new Map(ids.map((id) => [packageLock(id), id]));
  for (const { resource, taskId, name } of await locks.holders([...held.keys()])) {
    users.get(held.get(resource) ?? 0)?.push({ kind: 'TASK', id: taskId, name });
  }
  return users;
}

export function packageRoutes({ store, config }: ApiServices): Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/api/v2/software-packages',
        permission: 'PACKAGE_VIEWER',
        tag,
        summary: 'List packages',
        query: z.object({
          keyword: QueryText.optional().describe('Part of the name.'),
          type: listOfWords(PACKAGE_TYPES).optional(),
          version: TextList.optional(),
          operatingSystem: TextList.optional(),
          architecture: TextList.optional(),
          ...PAGING,
        }),
        answer: pagedOf(ListedPackage.meta({ id: 'Package' })),
      },
      async ({ query }) => {
        const page = pageRequest(query);
        const { page: _page, size: _size, sort: _sort, ...wished } = query;
        const filter = Object.fromEntries(Object.entries(wished).filter(([, value]) => value !== undefined));
        const found = await listed(query, () => store.packages.list(filter, page));
        const users = await usersOf(
          store,
          found.contents.map(({ id }) => id),
        );
        const contents = found.contents.map((row) => {
          const usedBy = users.get(row.id) ?? [];
          return {
            ...packageDocument(row, config.publicUrl),
            createTime: ocpTime(row.createTime),
            deletable: usedBy.length === 0,
            usedBy,
            installationDataList: [],
          };
        });
        return pageOf(contents, { number: page.page, size: page.size, totalElements: found.totalElements });
      },
    ),
    route(
      {
        method: 'POST',
        path: '/api/v2/software-packages',
        permission: 'PACKAGE_MANAGER',
        tag,
        summary: 'Upload a package (multipart, part "file")',
        upload: true,
        answer: PackageDocument.meta({ id: 'UploadedPackage' }),
      },
      async ({ request, proof, stillPermitted, runOnce, notes }) => {
        const upload = { request, proof, stillPermitted };
        const uploaded = await receivePackage(upload, store, config, (sha256, keep) =>
          runOnce(sha256, async () => packageDocument(await keep(), config.publicUrl)),
        );
        notes.command = `package ${uploaded.fileName}: uploaded`;
        return uploaded;
      },
    ),
    route(
      {
        method: 'DELETE',
        path: '/api/v2/software-packages/{id}',
        permission: 'PACKAGE_MANAGER',
        tag,
        summary: 'Delete a package that nothing uses',
        params: IdPath,
        answer: NoData,
      },
      async ({ params, once, notes }) => {
        const { fileName } = await deletePackage(store, config.dataDir, params.id, once);
        notes.command = `package ${fileName}: deleted`;
      },
    ),
    bareRoute(
      {
        method: 'GET',
        path: `${DOWNLOAD}/{fileName}`,
        permission: 'PACKAGE_VIEWER',
        tag,
        summary: 'Download a package',
        params: z.object({ fileName: PackageFileName }),
        answers: {
          200: { type: 'application/x-rpm', description: 'The file.' },
          206: { type: 'application/x-rpm', description: 'The part of the file that Range names.' },
          416: {
            type: 'application/json',
            schema: ErrorAnswer,
            description: 'Range lies outside of the file.',
          },
        },
      },
      async ({ params }, response) => {
        const row = await store.packages.findByFileName(params.fileName);
        if (row === undefined) {
          throw new Refusal(404, 'PKG10014', say('package.unknown', { name: params.fileName }), {
            target: params.fileName,
          });
        }
        const file = packageFile(config.dataDir, row.sha256);
        // A link would be followed, to whatever this process may read.
        const stored = await lstat(file).catch(() => undefined);
        if (stored?.isFile() !== true) {
          throw new Refusal(404, 'PKG10014', say('package.noFile', { file: params.fileName }), {
            target: params.fileName,
          });
        }
        await new Promise<void>((resolve, reject) => {
          const headers = { 'content-type': 'application/x-rpm' };
          // Data folders like .obflow begin with a dot, which Express otherwise takes for hidden files.
          response.sendFile(file, { headers, dotfiles: 'allow' }, (error) =>
            error == null || response.headersSent ? resolve() : reject(error),
          );
        });
      },
    ),
  ];
}
