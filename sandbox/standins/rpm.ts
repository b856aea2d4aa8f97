/** Real RPM packages for tests and the demonstration, made by rpmbuild and kept by content in the temporary folder. */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { obproxyStandin, observerStandin } from './bundle';
import type { Identity } from './obproxy/identity';

const run = promisify(execFile);

/** Where %pre of our packages writes a line per run, on the host; tests count installs there. */
export const INSTALLS_LOG = '/var/lib/obflow-standin/installs.log';

export interface ObproxyRpm {
  /** Enterprise packages install into /opt/taobao/install, community ones into /home/admin. */
  readonly name: 'obproxy' | 'obproxy-ce';
  readonly version: string;
  /** With its dist tag, e.g. `1919579.el7`. */
  readonly release: string;
  /** Default x86_64. */
  readonly arch?: string;
  /** Random bytes beside the binary, for packages that take a while to send. */
  readonly payloadBytes?: number;
  /** What is wrong with its program; see obproxy/identity.ts. */
  readonly library?: string;
  readonly whenInherited?: string;
}

/** The folder that such a package installs: the home of a proxy of this version. */
export function obproxyHome({ name, version }: Pick<ObproxyRpm, 'name' | 'version'>): string {
  return name === 'obproxy' ? `/opt/taobao/install/obproxy-${version}` : `/home/admin/obproxy-${version}`;
}

/** The real obproxyd.sh is a keeper that does not parse (oceanbase/obproxy pull 28); this one only says so. */
const KEEPER = `#!/bin/sh
# A STAND-IN for OBProxy's obproxyd.sh: it keeps nothing alive.
echo "obproxyd.sh of the stand-in does nothing" >&2
exit 0
`;

function spec(name: string, version: string, release: string, body: string): string {
  return `Name: ${name}
Version: ${version}
Release: ${release}
Summary: Stand-in for tests, not OceanBase software
License: Apache-2.0
AutoReqProv: no
%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
%description
A stand-in for tests and demonstrations. Not OceanBase software.
${body}`;
}

/**
 * Like the real spec: before the files are put, %pre removes log, bin, etc and .conf of the version's folder, which
 * wipes the configuration of a proxy that lives there, and links to the package's files are put into /u01/obproxy/lib, which
 * no removal takes away. Files belong to admin.
 */
function obproxySpec(rpm: ObproxyRpm): string {
  const home = obproxyHome(rpm);
  return spec(
    rpm.name,
    rpm.version,
    rpm.release,
    `Requires: /bin/sh
%install
mkdir -p %{buildroot}${home}/bin
cp -p %{_sourcedir}/obproxy %{_sourcedir}/obproxyd.sh %{buildroot}${home}/bin/
if [ -f %{_sourcedir}/payload ]; then cp %{_sourcedir}/payload %{buildroot}${home}/payload; fi
%pre
mkdir -p ${path.posix.dirname(INSTALLS_LOG)}
echo "${rpm.name}-${rpm.version}-${rpm.release} $1 $(date +%s)" >> ${INSTALLS_LOG}
rm -rf ${home}/log ${home}/bin ${home}/etc ${home}/.conf
mkdir -p /u01/obproxy/lib
ln -sfn ${home}/bin/obproxy /u01/obproxy/lib/libobproxy_so.so
%files
%defattr(-,admin,admin)
${home}
`,
  );
}

interface Sources {
  readonly spec: string;
  readonly files: Readonly<Record<string, string | Buffer>>;
  readonly payloadBytes: number;
}

/** Runs rpmbuild in a folder of its own, then moves the result into its cache in one step. */
async function build(fileName: string, arch: string, sources: Sources): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([fileName, arch, sources]));
  const cache = path.join(tmpdir(), `obflow-rpms-${hash.digest('hex').slice(0, 16)}`);
  const result = path.join(cache, fileName);
  if (existsSync(result)) return result;
  const work = await mkdtemp(path.join(tmpdir(), 'obflow-rpmbuild-'));
  try {
    for (const folder of ['SOURCES', 'out']) await mkdir(path.join(work, folder));
    const source = (name: string): string => path.join(work, 'SOURCES', name);
    for (const [name, content] of Object.entries(sources.files)) {
      await writeFile(source(name), content);
      await chmod(source(name), 0o755);
    }
    if (sources.payloadBytes > 0) await writeFile(source('payload'), randomBytes(sources.payloadBytes));
    const specFile = path.join(work, 'package.spec');
    await writeFile(specFile, sources.spec);
    const define = (name: string, value: string): string[] => ['--define', `${name} ${value}`];
    await run('rpmbuild', [
      '-bb',
      '--quiet',
      '--target',
      arch,
      ...define('_topdir', work),
      ...define('_sourcedir', path.join(work, 'SOURCES')),
      ...define('_rpmdir', path.join(work, 'out')),
      ...define('_rpmfilename', fileName),
      ...define('_dbpath', path.join(work, 'db')),
      ...define('_tmppath', work),
      // gzip: rpm of every age reads it, and it is quick at level 3.
      ...define('_binary_payload', 'w3.gzdio'),
      specFile,
    ]);
    await mkdir(cache, { recursive: true });
    const partial = path.join(cache, `.${process.pid}-${randomBytes(4).toString('hex')}`);
    await rename(path.join(work, 'out', fileName), partial);
    await rename(partial, result);
    return result;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function identityOf({ version, release, library, whenInherited }: ObproxyRpm): Identity {
  return {
    version,
    release,
    ...(library === undefined ? {} : { library }),
    ...(whenInherited === undefined ? {} : { whenInherited }),
  };
}

/**
 * Builds (or finds) the package `name-version-release.arch.rpm` with the stand-in inside and returns its path.
 * Rejects when rpmbuild is missing or fails.
 */
export async function buildObproxyRpm(rpm: ObproxyRpm): Promise<string> {
  const arch = rpm.arch ?? 'x86_64';
  return build(`${rpm.name}-${rpm.version}-${rpm.release}.${arch}.rpm`, arch, {
    spec: obproxySpec(rpm),
    files: { obproxy: obproxyStandin(identityOf(rpm)), 'obproxyd.sh': KEEPER },
    payloadBytes: rpm.payloadBytes ?? 0,
  });
}

export interface ObserverRpm {
  /** The enterprise edition (2.x, 3.x, 4.x) or the community one. */
  readonly name: 'oceanbase' | 'oceanbase-ce';
  readonly version: string;
  /** With its dist tag, e.g. `20210108170301.el7`. */
  readonly release: string;
  /** Default x86_64. */
  readonly arch?: string;
}

/** Where every version of OceanBase installs to: the folder has no version in its name. */
export const OBSERVER_HOME = '/home/admin/oceanbase';

function observerSpec(rpm: ObserverRpm): string {
  return spec(
    rpm.name,
    rpm.version,
    rpm.release,
    `Requires: /bin/sh
%install
mkdir -p %{buildroot}${OBSERVER_HOME}/bin %{buildroot}${OBSERVER_HOME}/etc %{buildroot}${OBSERVER_HOME}/admin
cp -p %{_sourcedir}/observer %{buildroot}${OBSERVER_HOME}/bin/
%pre
mkdir -p ${path.posix.dirname(INSTALLS_LOG)}
echo "${rpm.name}-${rpm.version}-${rpm.release} $1 $(date +%s)" >> ${INSTALLS_LOG}
%files
%defattr(-,admin,admin)
${OBSERVER_HOME}
`,
  );
}

/**
 * Builds (or finds) the package `name-version-release.arch.rpm` with the OceanBase stand-in inside and returns its
 * path. Its files belong to admin: bin/observer, etc/ and admin/. Rejects when rpmbuild is missing or fails.
 */
export async function buildObserverRpm(rpm: ObserverRpm): Promise<string> {
  const arch = rpm.arch ?? 'x86_64';
  return build(`${rpm.name}-${rpm.version}-${rpm.release}.${arch}.rpm`, arch, {
    spec: observerSpec(rpm),
    files: { observer: observerStandin(rpm) },
    payloadBytes: 0,
  });
}

export interface OtherRpm {
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly arch?: string;
}

/** A small package that has nothing to do with OBProxy: one text file in /opt/<name>. */
export async function buildOtherRpm({ name, version, release, arch = 'x86_64' }: OtherRpm): Promise<string> {
  return build(`${name}-${version}-${release}.${arch}.rpm`, arch, {
    spec: spec(
      name,
      version,
      release,
      `%install
mkdir -p %{buildroot}/opt/${name}
cp %{_sourcedir}/README %{buildroot}/opt/${name}/
%files
%defattr(-,root,root)
/opt/${name}
`,
    ),
    files: { README: `${name} ${version}\n` },
    payloadBytes: 0,
  });
}
