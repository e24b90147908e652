import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/compiler/desired/canonical-json.ts';
import type { DesiredState } from '../../../src/compiler/desired/desired-state.ts';
import type { ObservedAgent, ObservedState } from '../../../src/compiler/observed/observed-state.ts';
import type { AgentSpec } from '../../../src/compiler/plan/agent-spec.ts';
import { agentAction } from '../../../src/compiler/reconcile/agents.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { desiredState, nothing, plainRequest, settled } from '../../support/desired.ts';

const spec: AgentSpec = {
  version: 4,
  plane: 'stack',
  name: 'shop-agent',
  image: 'stackc/agent:test',
  networks: ['shop', 'shop-blog'],
  volumes: [],
};

function agent(of: AgentSpec, networks: readonly string[]): ObservedAgent {
  return { name: of.name, id: 'id-agent', state: 'running', spec: canonicalJson(of), networks };
}

describe('an agent is healed by a new one', () => {
  test.each<[string, readonly string[], string]>([
    ['on all its networks', ['shop-blog', 'shop'], 'none'],
    ['cut off before it was connected to the second', ['shop'], 'replace'],
    ['on a network more', ['shop', 'shop-blog', 'shop-gone'], 'replace'],
    ['on none', [], 'replace'],
  ])('%s', (_, networks, action) => {
    expect(agentAction(spec, { ...nothing, agents: [agent(spec, networks)] }).action).toBe(action);
  });

  test.each<[AgentSpec['plane'], string]>([
    ['host', 'host'],
    ['stack', 'none'],
  ])('%s: a network in name only is none', (plane, name) => {
    const without = { ...spec, plane, networks: [] };
    expect(agentAction(without, { ...nothing, agents: [agent(without, [name])] }).action).toBe('none');
  });

  test('the plan says which networks', () => {
    const desired = desiredState([{ name: 'app', socket: true, image: 'app:2' }]);
    const before = settled(desiredState([{ name: 'app', socket: true }]));
    const own = { ...spec, networks: ['shop'], volumes: ['shop-socks-run'] };
    const changes = changesOf(desired, { ...before, agents: [agent(own, [])] });
    expect(changes[0]).toMatchObject({
      action: 'replace',
      reasons: [{ kind: 'drift', field: 'networks', from: null, to: 'shop' }],
    });
  });

  test.each<[string, string, string | null, string | null]>([
    [
      'another image',
      canonicalJson({ ...spec, image: 'stackc/agent:0' }),
      'stackc/agent:0',
      'stackc/agent:test',
    ],
    ['a volume more', canonicalJson({ ...spec, networks: ['shop'] }), null, 'shop-socks-run'],
    ['a label of something else', '[1', 'of another version', 'of this one'],
  ])('the plan says what is different: %s', (_, label, from, to) => {
    const desired = desiredState([{ name: 'app', socket: true, image: 'app:2' }]);
    const before = settled(desiredState([{ name: 'app', socket: true }]));
    const existing = { ...agent(spec, ['shop']), spec: label };
    expect(changesOf(desired, { ...before, agents: [existing] })[0]).toMatchObject({
      action: 'replace',
      reasons: [{ kind: 'field', from, to }],
    });
  });
});

describe('with nothing else to do, an agent that somebody touched is put right', () => {
  const desired = desiredState([{ name: 'app', socket: true }]);
  const state = settled(desired);
  const [own] = state.agents;
  if (own === undefined) throw new Error('no agent');

  test.each<[string, readonly ObservedAgent[], readonly object[]]>([
    ['removed', [], [{ action: 'create', reasons: [{ kind: 'missing' }] }]],
    [
      'stopped',
      [{ ...own, state: 'exited' }],
      [{ action: 'replace', reasons: [{ kind: 'drift', field: 'state', from: 'exited', to: 'running' }] }],
    ],
    [
      'made and never started',
      [{ ...own, state: 'created' }],
      [{ action: 'start', reasons: [{ kind: 'drift', field: 'state', from: 'created', to: 'running' }] }],
    ],
    [
      'paused',
      [{ ...own, state: 'paused' }],
      [{ action: 'replace', reasons: [{ kind: 'drift', field: 'state', from: 'paused', to: 'running' }] }],
    ],
    [
      'disconnected',
      [{ ...own, networks: [] }],
      [{ action: 'replace', reasons: [{ kind: 'drift', field: 'networks' }] }],
    ],
    [
      'renamed',
      [{ ...own, name: 'mine' }],
      [
        { id: 'agent shop-agent', action: 'create' },
        { id: 'agent mine', action: 'remove', reasons: [{ kind: 'drift', field: 'agent', from: 'mine' }] },
      ],
    ],
    ['copied', [own, { ...own, name: 'copy' }], [{ id: 'agent copy', action: 'remove' }]],
    ['as it should be', [own], []],
    ['of another version', [{ ...own, spec: own.spec.replace('agent:test', 'agent:0') }], []],
  ])('%s', (_, agents, expected) => {
    const changes = changesOf(desired, { ...state, agents }).filter(({ action }) => action !== 'none');
    expect(changes).toMatchObject(expected);
    expect(changes).toHaveLength(expected.length);
  });

  test('but not for what is held', () => {
    const sketch = { name: 'app', mode: 'manual' as const, socket: true };
    const held = settled(desiredState([{ ...sketch, env: { A: '1' } }]));
    const actions = (wanted: DesiredState, seen: ObservedState) =>
      changesOf(wanted, { ...seen, agents: [] }).map(({ action }) => action);
    expect(actions(desiredState([sketch]), held)).toEqual(['hold']);
    const plain = desiredState([{ name: 'app' }]);
    expect(actions(plain, settled(plain))).toEqual(['create', 'none']);
  });
});

describe('before an agent is made', () => {
  const two = desiredState([
    { name: 'app', socket: true },
    { name: 'web', socket: true },
  ]);
  const split: DesiredState = {
    ...two,
    volumes: ['shop-socks-run', 'shop-web-run'].map((name) => ({
      name,
      application: 'shop',
      dataVolume: name,
      path: '/run/socks',
      adopted: false,
    })),
    containers: two.containers.map((container) => ({
      ...container,
      instances: container.instances.map((instance) => {
        const source = container.name === 'web' ? 'shop-web-run' : 'shop-socks-run';
        const socket = instance.socket && { ...instance.socket, volume: source };
        const mounts = instance.spec.mounts.map((mount) => ({ ...mount, source }));
        return { ...instance, socket, spec: { ...instance.spec, mounts } };
      }),
    })),
  };

  test('`--only`: all the volumes that it mounts are made, with our labels', () => {
    const ids = changesOf(split, nothing, ['app']).map((c) => `${c.action} ${c.id}`);
    expect(ids).toContain('create volume shop-web-run');
    expect(ids).toContain('create volume shop-socks-run');
    expect(ids).not.toContain('create shop/web0');
  });

  test('its networks are made, also where nothing else starts', () => {
    const desired = desiredState([{ name: 'app', socket: true }]);
    const observed = settled(desiredState([{ name: 'app', socket: true, instances: 2 }]));
    const ids = changesOf(desired, { ...observed, networks: [], agents: [] }).map(
      (c) => `${c.action} ${c.id}`,
    );
    expect(ids.slice(0, 2)).toEqual(['create network shop', 'create agent shop-agent']);
  });
});

function changesOf(desired: DesiredState, observed: ObservedState, only: readonly string[] = []) {
  const result = reconcile(desired, observed, { ...plainRequest, only });
  if (!result.ok) throw new Error(result.diagnostics.map((d) => `${d.code} ${d.message}`).join('\n'));
  return result.value.changes;
}
