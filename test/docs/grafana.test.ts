import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { METRICS } from '../../src/runtime/metrics/all-metrics.ts';
import { ROOT } from '../support/stack-cli.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly legendFormat: string;
    readonly datasource: { readonly uid: string };
  }[];
}
interface Variable {
  readonly name: string;
  readonly type: string;
  readonly datasource?: { readonly uid: string };
  readonly definition?: string;
}

const read = (name: string) => readFileSync(join(ROOT, 'examples/grafana', name), 'utf8');
const dashboard: {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: {
    readonly list: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
  };
} = JSON.parse(read('stackc.json'));
const alerts: {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly annotations: object;
    }[];
  }[];
} = parse(read('alerts.yml'));

/** The labels of each series that an agent exports. */
const exported = new Map<string, ReadonlySet<string>>(
  METRICS.flatMap(({ kind, name, labels }): readonly [string, ReadonlySet<string>][] => {
    // Who scrapes adds the last two.
    const own = ['stack', ...labels, 'job', 'instance'];
    if (kind !== 'histogram') return [[name, new Set(own)]];
    const parts = ['_sum', '_count'].map((part): [string, ReadonlySet<string>] => [
      name + part,
      new Set(own),
    ]);
    return [[`${name}_bucket`, new Set([...own, 'le'])], ...parts];
  }),
);

const WORDS = new Set(['by', 'without', 'and', 'or', 'unless', 'bool', 'offset']);

/** The series that an expression asks for, each with the labels that it names. */
function asked(expr: string): readonly (readonly [string, readonly string[]])[] {
  const bare = expr.replaceAll(/"[^"]*"/g, '""').replaceAll(/\[[^\]]*\]/g, '');
  const groups = [...bare.matchAll(/\b(?:by|without|on)\s*\(([^)]*)\)/g)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.trim()),
  );
  const rest = bare.replaceAll(/\b(?:by|without|on)\s*\([^)]*\)/g, '');
  const series = [...rest.matchAll(/([a-zA-Z_:][\w:]*)\s*(\(|\{[^}]*\})?/g)];
  return series.flatMap(([, name = '', after = '']) => {
    if (after === '(' || WORDS.has(name)) return [];
    const matched = [...after.matchAll(/([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label);
    return [[name, [...matched, ...groups]] as const];
  });
}

function wrongIn(expr: string): readonly string[] {
  const series = asked(expr).filter(([name]) => name !== 'up');
  if (series.length === 0 && !expr.startsWith('up')) return [`asks for nothing: ${expr}`];
  return series.flatMap(([name, labels]) => {
    const known = exported.get(name);
    if (known === undefined) return [`${name} is exported by nobody`];
    return labels.filter((label) => !known.has(label)).map((label) => `${name} has no label ${label}`);
  });
}

const targets = dashboard.panels.flatMap((panel) =>
  (panel.targets ?? []).map((target) => ({ panel, ...target })),
);

describe('the dashboard', () => {
  test('asks only for what agents export, by labels that it has', () => {
    const { list } = dashboard.annotations;
    const wrong = [...targets, ...list].flatMap(({ expr }) => wrongIn(expr));
    expect(wrong).toEqual([]);
    expect(targets.length).toBeGreaterThan(20);
  });

  test('shows by legends only what its expressions leave', () => {
    const wrong = targets.flatMap(({ expr, legendFormat }) => {
      const [, groups] = /\bby \(([^)]*)\)/.exec(expr) ?? [];
      const kept = groups?.split(',').map((name) => name.trim());
      const own = asked(expr).flatMap(([name]) => [...(exported.get(name) ?? [])]);
      return [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)]
        .map(([, label = '']) => label)
        .filter((label) => !(kept ?? own).includes(label))
        .map((label) => `${label} in ${expr}`);
    });
    expect(wrong).toEqual([]);
  });

  test('has panels with ids of their own, that do not lie over each other', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.every(({ gridPos: { x, w } }) => x >= 0 && x + w <= 24)).toBe(true);
    for (const { targets: own = [] } of panels)
      expect(new Set(own.map(({ refId }) => refId)).size).toBe(own.length);
  });

  test('takes whatever data source is chosen, and every stack that it knows', () => {
    const { list } = dashboard.templating;
    expect(list.map(({ name, type }) => `${name} ${type}`)).toEqual(['datasource datasource', 'stack query']);
    expect(list[1]?.definition).toBe('label_values(stackc_agent_info, stack)');
    expect(exported.has('stackc_agent_info')).toBe(true);
    const used = [
      ...targets,
      ...dashboard.panels.filter(({ type }) => type !== 'row'),
      ...dashboard.annotations.list,
      ...list.slice(1),
    ].map(({ datasource }) => datasource?.uid);
    expect(new Set(used)).toEqual(new Set(['${datasource}']));
    expect(targets.every(({ expr }) => expr.includes('stack=~"$stack"'))).toBe(true);
  });

  test('shows every figure of deploys, instances and jobs', () => {
    const shown = new Set(
      [...targets, ...dashboard.annotations.list].flatMap(({ expr }) =>
        asked(expr).map(([name]) => name.replace(/_bucket$/, '')),
      ),
    );
    const left = METRICS.map(({ name }) => name).filter((name) => !shown.has(name));
    expect(left).toEqual([
      'stackc_job_last_run_timestamp_seconds',
      'stackc_job_next_run_timestamp_seconds',
      'stackc_agent_info',
      'stackc_engine_up',
      'stackc_last_scrape_error_timestamp_seconds',
      'process_start_time_seconds',
    ]);
  });
});

describe('alerts', () => {
  const rules = alerts.groups.flatMap((group) => group.rules);

  test('ask only for what agents export, and say what to do', () => {
    expect(rules.flatMap(({ expr }) => wrongIn(expr))).toEqual([]);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { annotations } of rules) expect(Object.keys(annotations)).toEqual(['summary', 'next']);
  });
});

test('an expression that asks for what nobody exports is found', () => {
  expect(wrongIn('sum by (nobody) (rate(stackc_deploys_total{kind="apply"}[5m])) / stackc_none')).toEqual([
    'stackc_deploys_total has no label nobody',
    'stackc_none is exported by nobody',
  ]);
  expect(wrongIn('time()')).toHaveLength(1);
});

test('names, units and help follow what Prometheus asks for', () => {
  for (const { name, kind, help, labels } of METRICS) {
    expect(name).toMatch(/^(?:stackc|process)_[a-z_]+$/);
    expect([name, name.endsWith('_total')]).toEqual([name, kind === 'counter']);
    expect(name).not.toMatch(/_(?:ms|milliseconds|minutes|kb|mb|count|sum|bucket)(?:_|$)/);
    expect(help).not.toBe('');
    expect(
      labels.every((label) =>
        ['application', 'container', 'kind', 'result', 'plane', 'version', 'source'].includes(label),
      ),
    ).toBe(true);
  }
});
