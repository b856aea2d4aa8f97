import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import type { HostService, InstallablePackage } from './service';

/** The package of the service, which must be the one that the task asks for. */
export async function askedPackage(
  service: HostService,
  asked: string,
  nameOf: (part: InstallablePackage) => string,
): Promise<InstallablePackage> {
  const part = await service.package();
  if (nameOf(part) === asked) return part;
  throw new PermanentError({
    type: 'PackageUnfit',
    code: 'PKG10014',
    tried: say('package.install', { package: asked }),
    where: (await service.recorded()).ip,
    cameBack: say('package.recordNames', { program: service.program, file: part.fileName }),
    next: say('next.sendAgain'),
  });
}
