/** The stored configuration of a proxy that an upgrade brings over 4.1, from where on it lies in another file. */
import { quote } from '../../../hosts/quote';
import type { Host } from '../../../hosts/types';
import { storedConfigDatabase } from '../../../oceanbase/proxyConfigDb';
import { say } from '../../../runtime/messages/catalogue';
import { troublesOf } from '../../host/trouble';
import { removeBy } from '../../places';
import type { SubtaskScope } from '../../types';
import { administer, runUserOf } from '../proxy';
import { addToUpgradeNote, upgradeNote } from './note';
import { upgradeFolder } from './placing';
import { crossesConfiguration, type Upgrade } from './upgradeOf';

const trouble = troublesOf(say('upgrade.bringConfiguration'), 'ODP10001');
const FILE = 'etc/proxyconfig_v1.db';

/**
 * Writes etc/proxyconfig_v1.db from what the running proxy shows: a plain copy of the older file has not all values of the
 * whole proxy, and a new process that finds none ends itself (OBProxy's source). Passwords travel as their SHA-1, as they are
 * stored. One that lies there is of an earlier try: the running proxy does not read it.
 */
export async function bringConfiguration(scope: SubtaskScope, host: Host, upgrade: Upgrade): Promise<void> {
  const { home, former, target } = upgrade;
  if (!crossesConfiguration(upgrade)) {
    return scope.log.info(say('upgrade.sameConfiguration', { version: target.version }));
  }
  const admin = await administer(scope, former.proxy);
  let items: Awaited<ReturnType<typeof admin.storedItems>>;
  try {
    items = await admin.storedItems();
  } finally {
    admin.close();
  }
  const value = (name: string) => items.find((item) => item.name === name)?.value ?? '';
  const source = ['rootservice_list', 'obproxy_config_server_url'].some((name) => value(name) !== '');
  if (!source || value('listen_port') !== String(former.proxy.server.sqlPort)) {
    const text = say('upgrade.configurationUntold', { port: former.proxy.server.sqlPort });
    throw trouble(host, 'ConfigurationUntold', text, say('next.seeShownAndRetry'));
  }
  await addToUpgradeNote(scope, host, former.proxy, { configured: true });
  const content = await storedConfigDatabase(items);
  await host.sh(`rm -f ${quote(`${home}/${FILE}`)}-*`);
  await host.writeFile(`${home}/${FILE}`, content, { mode: '0600', owner: runUserOf(former.proxy) });
  scope.log.info(say('upgrade.configurationBrought', { count: items.length, file: `${home}/${FILE}` }));
}

/** The file as it was before, which is none as a rule. */
export async function takeConfigurationBack(
  scope: SubtaskScope,
  host: Host,
  { home, former }: Upgrade,
): Promise<void> {
  const { configured } = await upgradeNote(scope, host, former.proxy);
  if (configured !== true) return scope.log.info(say('undo.nothing'));
  const kept = `${upgradeFolder(scope.input.taskId)}/${FILE}`;
  await removeBy(
    host,
    `cd ${quote(home)} || exit
     rm -f ${FILE}-*
     if [ -e ${kept} ]; then cp -a ${kept} ${FILE}.new && mv -f ${FILE}.new ${FILE}; else rm -f ${FILE}; fi`,
    `${home}/${FILE}`,
  );
  scope.log.info(say('upgrade.configurationBack', { file: `${home}/${FILE}` }));
}

/**
 * A proxy before 4.1 keeps its values in etc/obproxy_config.bin, which the new process has written for the one that came back:
 * the same values in another order, with those that only the newer version knows. The file is put back as it was.
 */
export async function giveEtcBack(scope: SubtaskScope, host: Host, { home, former }: Upgrade): Promise<void> {
  const folder = upgradeFolder(scope.input.taskId);
  if (former.proxy.family !== '4.1+') {
    const file = 'etc/obproxy_config.bin';
    await removeBy(
      host,
      `cd ${quote(home)} || exit
       [ -d ${folder}/etc ] || exit 0
       [ -e ${folder}/${file} ] || exec rm -f ${file}
       cmp -s ${folder}/${file} ${file} || { cp -a ${folder}/${file} ${file}.new && mv -f ${file}.new ${file}; }`,
      `${home}/${file}`,
    );
  }
  await removeBy(host, `exec rm -rf --one-file-system ${quote(`${home}/${folder}`)}`, `${home}/${folder}`);
  scope.log.info(say('host.removed', { path: `${home}/${folder}` }));
}
