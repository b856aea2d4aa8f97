import { readFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../../runtime/paths';

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const packages = (
  JSON.parse(readFileSync(path.join(repositoryRoot(), 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockedPackage>;
  }
).packages;

/** As Node resolves it: in the package's own node_modules first, then in those of the folders above. */
function locked(from: string, name: string): LockedPackage | undefined {
  for (
    let folder = from;
    ;
    folder = folder.slice(0, folder.lastIndexOf('node_modules/')).replace(/\/$/, '')
  ) {
    const found = packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`];
    if (found !== undefined || folder === '') return found;
  }
}

describe('the lock file', () => {
  // npm 11 refuses `npm ci` for a missing one, and leaves out, when it writes the file, what the registry at hand
  // does not carry (binaries for other platforms).
  it('has every optional dependency, those for other platforms included', () => {
    const missing = Object.entries(packages).flatMap(([where, { optionalDependencies = {} }]) =>
      Object.entries(optionalDependencies)
        .filter(([name, version]) => /^\d/.test(version) && locked(where, name)?.version !== version)
        .map(([name, version]) => `${name}@${version}`),
    );
    expect(missing).toEqual([]);
  });

  it('names no registry', () => {
    expect(Object.keys(packages).filter((where) => packages[where]?.resolved !== undefined)).toEqual([]);
  });
});
