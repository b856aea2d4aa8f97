/** What a cluster is made by: BOOTSTRAP, whom it refuses, and what is left of one that was cut off. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { describeIf, longRunOnly } from '../support/skip';
import { until } from '../support/until';
import { CE_3_1, CE_4_2, EE_2_2, type ObserverHome, observerHomes } from './observerHome';
import { errnoOf } from './proxyHome';

const homes = observerHomes();

async function started(who = CE_4_2, zones = ['zone1', 'zone2', 'zone3']): Promise<ObserverHome[]> {
  const members: ObserverHome[] = [];
  for (const zone of zones) members.push(await homes.make(who, zone));
  for (const member of members) await member.launch(member.firstOptions(members));
  await Promise.all(members.map((member) => member.ready()));
  return members;
}

const statement = (members: readonly ObserverHome[]): string =>
  `ALTER SYSTEM BOOTSTRAP ${members.map(({ zone, address }) => `REGION 'r1' ZONE '${zone}' SERVER '${address}'`).join(', ')}`;

const BASELINE =
  "SELECT column_value FROM oceanbase.__all_core_table WHERE table_name = '__all_global_stat' AND column_name = 'baseline_schema_version'";

function fault(home: ObserverHome, faults: object): void {
  mkdirSync(home.path('.standin'), { recursive: true });
  writeFileSync(home.path('.standin/faults.json'), JSON.stringify(faults));
}

describeIf(longRunOnly(), 'The BOOTSTRAP of the observer stand-in', () => {
  test.each([CE_4_2, CE_3_1, EE_2_2])(
    '$name $version: several items with regions make a cluster of which every server is part',
    async (who) => {
      const members = await started(who);
      const [first, , third] = members as [ObserverHome, ObserverHome, ObserverHome];
      await first.ask(statement(members));
      await third.ready();
      const regions =
        who === CE_4_2
          ? 'select ZONE as zone, REGION as region from oceanbase.DBA_OB_ZONES order by ZONE'
          : "select zone, info as region from oceanbase.__all_zone where name = 'region' and zone <> '' order by zone";
      expect(await third.ask(regions)).toEqual(members.map(({ zone }) => ({ zone, region: 'r1' })));
      expect(await third.ask(BASELINE)).toEqual([{ column_value: '1' }]);
      expect(await errnoOf(first.ask(statement(members)))).toBe(4005);
      expect(first.counts()).toMatchObject({ bootstraps: 1 });
      await first.ask("ALTER TENANT sys PRIMARY_ZONE = 'zone2;zone1,zone3'");
      const tenants = who === CE_4_2 ? 'oceanbase.DBA_OB_TENANTS' : 'oceanbase.__all_tenant';
      expect(await third.ask(`select primary_zone as p from ${tenants} where tenant_name = 'sys'`)).toEqual([
        { p: 'zone2;zone1,zone3' },
      ]);
      expect(await errnoOf(first.ask("ALTER TENANT sys PRIMARY_ZONE = 'zone9'"))).toBe(1210);
      const freezes = ['ALTER SYSTEM MAJOR FREEZE', 'ALTER SYSTEM MAJOR FREEZE TENANT = ALL'] as const;
      const [works, refused] = who === CE_4_2 ? [freezes[1], freezes[0]] : freezes;
      await first.ask(works);
      expect(await errnoOf(first.ask(refused))).toBe(1064);
    },
  );

  test('A server that is listed and does not answer fails it, and leaves every directory empty', async () => {
    const members = await started(CE_4_2, ['zone1', 'zone2']);
    const [first, second] = members as [ObserverHome, ObserverHome];
    await second.stop();
    expect(await errnoOf(first.ask(statement(members)))).toBe(4012);
    await first.ask(statement([first]));
    await first.ready();
  });

  test('Clocks that differ, and a zone that is another one, are refused', async () => {
    const members = await started(CE_3_1, ['zone1', 'zone2']);
    const [first, second] = members as [ObserverHome, ObserverHome];
    fault(second, { clockAheadMs: 60_000 });
    expect(await errnoOf(first.ask(statement(members)))).toBe(4015);
    fault(second, {});
    const swapped = statement(members).replace("'zone2'", "'zone9'");
    expect(await errnoOf(first.ask(swapped))).toBe(4015);
    await first.ask(statement(members));
  });

  test('Killed in it, a server leaves directories that no other BOOTSTRAP takes', async () => {
    const members = await started(CE_4_2, ['zone1', 'zone2']);
    const [first, second] = members as [ObserverHome, ObserverHome];
    fault(first, { bootstrapMs: 60_000 });
    const lost = first.ask(statement(members)).catch((error: unknown) => error);
    await until('it has begun', async () => first.counts().bootstrapAttempts === 1);
    // While it is at work nobody else can.
    await until(
      'the directories are used',
      async () => (await errnoOf(first.ask(statement(members)))) === 4015,
    );
    await first.stop('SIGKILL');
    await lost;
    fault(first, {});
    await first.launch([]);
    await first.ready();
    expect(await errnoOf(first.ask(BASELINE))).toBe(8001);
    expect(await errnoOf(first.ask(statement(members)))).toBe(4015);
    expect(await errnoOf(second.ask(statement([second])))).toBe(4015);
    // Not even beside a server that is as good as new.
    const fresh = await homes.make(CE_4_2, 'zone3');
    await fresh.launch(fresh.firstOptions([fresh]));
    await fresh.ready();
    expect(await errnoOf(fresh.ask(statement([fresh, second])))).toBe(4005);
    expect(first.counts()).toMatchObject({ bootstraps: 0 });
  });
});
