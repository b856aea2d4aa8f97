import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findTool } from '../../sandbox/setup/packages';
import { expressions, metricsNamed, monitoring } from '../support/monitoring';
import { describeIf } from '../support/skip';

const promtool = findTool('promtool');
const lacking = promtool === undefined ? 'no promtool; to install: apt-get install prometheus' : undefined;

describeIf(lacking, 'monitoring/, as promtool reads it', () => {
  const run = (...args: string[]) => spawnSync(promtool ?? '', args, { cwd: monitoring, encoding: 'utf8' });

  test('has rules without a fault', () => {
    const { status, stdout, stderr } = run(
      'check',
      'rules',
      'obflow.rules.yml',
      'obproxy.rules.yml',
      'oceanbase.rules.yml',
    );
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/SUCCESS: 8 rules[\s\S]*SUCCESS: 4 rules[\s\S]*SUCCESS: 3 rules/);
  });

  test('has rules that fire when they should, and only then', () => {
    const { status, stdout, stderr } = run('test', 'rules', 'rules.test.yml');
    expect([status, stdout + stderr]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });
});

describeIf(lacking, 'the questions of monitoring/grafana.json', () => {
  test('are PromQL, with whatever Grafana puts in for its variables', () => {
    const { panels } = JSON.parse(readFileSync(path.join(monitoring, 'grafana.json'), 'utf8')) as {
      panels: { title: string; targets: { expr: string }[] }[];
    };
    // JSON is YAML, and a rule the form in which promtool reads an expression.
    const rules = panels.flatMap(({ targets }) =>
      targets.map(({ expr }, index) => ({
        record: `asked_${index}`,
        expr: expr.replace(/\$__\w+/g, '5m').replace(/\$\{?\w+\}?/g, '.*'),
      })),
    );
    const groups = rules.map((rule, index) => ({ name: `of ${index}`, rules: [rule] }));
    const folder = mkdtempSync(path.join(tmpdir(), 'obflow-dashboard-'));
    const file = path.join(folder, 'rules.yml');
    writeFileSync(file, JSON.stringify({ groups }));
    const { status, stdout, stderr } = spawnSync(promtool ?? '', ['check', 'rules', '--lint=none', file], {
      encoding: 'utf8',
    });
    rmSync(folder, { recursive: true });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`SUCCESS: ${rules.length} rules`);
  });
});

describe('monitoring/grafana.json', () => {
  interface Panel {
    readonly id: number;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly datasource: { readonly uid: string };
    readonly targets: readonly { readonly expr: string }[];
  }
  const { panels, templating } = JSON.parse(readFileSync(path.join(monitoring, 'grafana.json'), 'utf8')) as {
    panels: Panel[];
    templating: { list: { name: string; type: string }[] };
  };

  test('loads anywhere: its data source is chosen at import, ids are unique, no panel lies on another', () => {
    expect(templating.list).toContainEqual(
      expect.objectContaining({ name: 'datasource', type: 'datasource' }),
    );
    expect(panels.length).toBeGreaterThan(10);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const panel of panels) {
      expect([panel.title, panel.datasource.uid, panel.targets.length > 0]).toEqual([
        panel.title,
        `\${datasource}`,
        true,
      ]);
      for (const other of panels) {
        const [a, b] = [panel.gridPos, other.gridPos];
        const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
        expect([panel.title, other.title, apart || panel === other]).toEqual([
          panel.title,
          other.title,
          true,
        ]);
      }
    }
  });

  test('and the rules have expressions with balanced brackets', () => {
    expect(expressions().length).toBeGreaterThan(25);
    for (const expr of expressions()) {
      for (const [open, close] of ['()', '{}', '[]'] as const) {
        expect([expr, expr.split(open ?? '').length]).toEqual([expr, expr.split(close ?? '').length]);
      }
    }
  });
});

test('monitoring/ watches OBProxies by up, and obflow by metrics of its own', () => {
  const names = metricsNamed();
  expect(names).toEqual(expect.arrayContaining(['up', 'obflow_tasks', 'obflow_workers', 'obflow_up']));
});
