import { describe, expect, test } from 'vitest';

import { agentConfig } from '../../../src/compiler/plan/instance-config.ts';
import { desiredAgents, lackingMetricsPort } from '../../../src/compiler/reconcile/agents.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { isPending } from '../../../src/compiler/plan/plan.ts';
import type { ObservedState } from '../../../src/compiler/observed/observed-state.ts';
import { desiredState, nothing, plainRequest, settled } from '../../support/desired.ts';
import { brief, compileText, desired, diagnosticsOf, inputs, shop, spec, unmark } from '../spec/marked.ts';
import { resolve } from '../../../src/compiler/desired/resolve.ts';
import { local } from './shop.ts';

const APP = 'app: { deploy: auto, image: "a:1" }';
const file = (metrics: string, app = APP) => shop(app, `name: shop\nagent: { metrics: ${metrics} }`);
const metricsOf = (metrics: string) => {
  const { metrics: found } = desired(file(metrics), { images: local() });
  return found && [found.socket, found.port];
};

describe('`agent.metrics`', () => {
  test.each([
    ['false', null],
    ['true', ['/run/stackc/shop.sock', null]],
    ['{ port: 9464 }', [null, 9464]],
    ['{ socket: /srv/m/a.sock, port: 9464 }', ['/srv/m/a.sock', 9464]],
    ['{ socket: true, x-why: here }', ['/run/stackc/shop.sock', null]],
  ])('%s says where', (metrics, places) => {
    expect(metricsOf(metrics)).toEqual(places);
  });

  test.each([
    ['«{}»', 'STK203'],
    ['{ socket: «run/a.sock» }', 'STK322'],
    ['{ socket: «/a.sock» }', 'STK322'],
    ['{ socket: «/run/../a/b.sock» }', 'STK322'],
    ['{ socket: «/run/stackc/» }', 'STK322'],
    [`{ socket: «/${'a'.repeat(60)}/${'b'.repeat(60)}» }`, 'STK323'],
    [`{ socket: «/a/${'ü'.repeat(41)}» }`, 'STK323'],
    ['{ port: «80» }', 'STK332'],
    ['{ port: «65536» }', 'STK332'],
  ])('%s is told of at its place', (metrics, code) => {
    const { text, start, end } = unmark(file(metrics));
    const [first, ...rest] = diagnosticsOf(compileText(text));
    expect([first?.code, first?.span?.start.offset, first?.span?.end.offset, rest]).toEqual([
      code,
      start,
      end,
      [],
    ]);
  });

  test.each([
    ['app: { deploy: auto, image: "a:1", ports: ["127.0.0.1:9464:80"] }', 'is taken by `app`'],
    ['app: { deploy: auto, image: "a:1", ports: ["9464:80"] }', 'is taken by `app`'],
    ['app: { deploy: auto, image: "a:1", network: host, port: 9464 }', 'is taken by `app`'],
  ])('a port that a container of the file has is told of: %s', (app, words) => {
    const { text, start } = unmark(file('{ port: «9464» }', app));
    const [first, ...rest] = diagnosticsOf(compileText(text));
    expect([first?.code, first?.span?.start.offset, rest]).toEqual(['STK315', start, []]);
    expect(first?.message).toContain(words);
  });

  test.each(['ports: ["127.0.0.2:9464:80"]', 'ports: ["9464:80/udp"]', 'port: 9464'])(
    'another address, protocol or network is no trouble: %s',
    (keys) => {
      const text = file('{ port: 9464 }', `app: { deploy: auto, image: "a:1", ${keys} }`);
      const resolved = resolve(spec(text), { ...inputs, images: local() });
      expect(brief(diagnosticsOf(resolved))).toEqual([]);
    },
  );
});

const NOWHERE = { offset: 0, line: 1, column: 1 };
const span = { start: NOWHERE, end: NOWHERE };
const plain = desiredState([{ name: 'app' }]);
const measured = { ...plain, metrics: { socket: '/run/stackc/shop.sock', port: 9464, span } };

const HTTP_GATE = {
  kind: 'http',
  over: 'socket',
  path: '/',
  status: [],
  timeoutMs: 1_000,
  intervalMs: 1_000,
  limitMs: 60_000,
} as const;

describe('the agent that serves metrics', () => {
  const configOf = (state: typeof plain) => {
    const agent = desiredAgents(state, nothing, plainRequest, []).find(({ plane }) => plane === 'engine');
    return agent === undefined ? null : agentConfig('shop', agent);
  };

  test('publishes its port on the loopback alone, and has the folder of its socket', () => {
    expect(configOf(plain)).toBe(null);
    expect(configOf(measured)).toMatchObject({
      env: expect.arrayContaining([
        'STACKC_VERSION=test',
        'STACKC_METRICS_SOCKET=/run/stackc/shop.sock',
        'STACKC_METRICS_LISTEN=0.0.0.0:9464',
        'STACKC_METRICS_AT=127.0.0.1:9464',
      ]),
      network: 'shop',
      ports: [{ containerPort: 9464, hostPort: 9464, hostIp: '127.0.0.1', protocol: 'tcp' }],
      mounts: [
        { source: 'shop.journal' },
        { source: '/var/run/docker.sock' },
        { type: 'bind', source: '/run/stackc', target: '/metrics', readOnly: false },
      ],
    });
  });

  test('has no way to the sockets of instances where it heals nothing', () => {
    const served = desiredState([{ name: 'app', socket: true, gate: HTTP_GATE }]);
    const volumesOf = (heals: boolean) =>
      desiredAgents({ ...served, heals, metrics: measured.metrics }, nothing, plainRequest, []).find(
        ({ plane }) => plane === 'engine',
      )?.volumes;
    expect([volumesOf(false), volumesOf(true)]).toEqual([[], ['shop-socks-run']]);
  });

  test('in the host’s network listens at the loopback itself', () => {
    const config = configOf({ ...measured, networks: [] });
    expect(config).toMatchObject({ network: 'host', ports: [] });
    expect(config?.env).toContain('STACKC_METRICS_LISTEN=127.0.0.1:9464');
  });

  const pending = (state: typeof plain, observed: ObservedState) => {
    const plan = reconcile(state, observed, plainRequest);
    if (!plan.ok) throw new Error(brief(plan.diagnostics).join('\n'));
    return plan.value.changes
      .filter(isPending)
      .map(({ id, action, reasons, notes }) => [
        `${action} ${id}`,
        reasons.map(({ field, from, to }) => `${field} ${from ?? '-'} → ${to ?? '-'}`).join(),
        ...notes,
      ]);
  };
  const places = '`/run/stackc/shop.sock` and `127.0.0.1:9464`';

  test('comes and goes with them, and the plan says why it has the engine’s socket', () => {
    expect(pending(measured, settled(plain))).toEqual([
      [
        'create agent shop-agent-engine',
        'agent - → -',
        `serves metrics at ${places}, and has the engine's socket for it: \`/var/run/docker.sock\``,
      ],
    ]);
    expect(pending(measured, settled(measured))).toEqual([]);
    expect(pending(plain, settled(measured)).map(([what]) => what)).toEqual([
      'remove agent shop-agent-engine',
    ]);
  });

  test('is replaced where they are to be elsewhere, or nowhere', () => {
    const healing = { ...plain, heals: true };
    const both = { ...measured, heals: true };
    expect(pending(both, settled(healing))).toEqual([
      [
        'replace agent shop-agent-engine',
        `metrics - → ${places}`,
        `heals instances and serves metrics at ${places}, and has the engine's socket for it: \`/var/run/docker.sock\``,
      ],
    ]);
    expect(pending(healing, settled(both)).map(([what, why]) => [what, why])).toEqual([
      ['replace agent shop-agent-engine', `metrics ${places} → -`],
    ]);
  });

  test('a port that another container publishes is told of, before it is tried', () => {
    const observed: ObservedState = {
      ...nothing,
      foreignPorts: [
        { hostPort: 9464, hostIp: '0.0.0.0', protocol: 'tcp', container: 'exporter', owner: null },
      ],
    };
    expect(lackingMetricsPort(measured, observed)).toMatchObject({ hostPort: 9464, hostIp: '127.0.0.1' });
    const plan = reconcile(measured, observed, plainRequest);
    expect(plan.ok && plan.value.warnings.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'STK417 port 9464/tcp of the host, which `agent.metrics` wants, is published by container `exporter`',
    ]);
    // What it has already, nobody else can have.
    expect(lackingMetricsPort(measured, settled(measured))).toBe(null);
  });
});
