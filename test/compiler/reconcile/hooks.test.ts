import { describe, expect, test } from 'vitest';
import type { DesiredHook, DesiredState } from '../../../src/compiler/desired/desired-state.ts';
import { containerKey } from '../../../src/compiler/desired/keys.ts';
import { requirements } from '../../../src/compiler/desired/requirements.ts';
import { resolve } from '../../../src/compiler/desired/resolve.ts';
import type { ApplyCommand, ApplyRecord, EndRecord } from '../../../src/compiler/journal/record.ts';
import type { ObservedState } from '../../../src/compiler/observed/observed-state.ts';
import type { NodeId, Plan } from '../../../src/compiler/plan/plan.ts';
import { destroyPlan } from '../../../src/compiler/reconcile/destroy.ts';
import { isFirstApply, withHooks, withShutdown } from '../../../src/compiler/reconcile/hooks.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { desiredState, nothing, plainRequest, settled, STACK } from '../../support/desired.ts';
import { compileText, inputs, shop } from '../spec/marked.ts';

const pull = { digest: null, why: 'not on the engine' };
const sketches = [
  { name: 'app', instances: 2, imageId: null, pull },
  { name: 'web', image: 'web:1', imageId: null, pull, after: ['app'] },
];

function hook(name: DesiredHook['name'], container: string | null = null): DesiredHook {
  const key = container === null ? null : containerKey('shop', container);
  return {
    name,
    command: ['bin/it', 'secret'],
    shown: ['bin/it', '%{secret:S}'],
    container: key,
    timeoutMs: 5,
  };
}

function desiredWith(...hooks: readonly DesiredHook[]): DesiredState {
  return { ...desiredState(sketches), hooks };
}

function planned(desired: DesiredState, isFirst: boolean, observed: ObservedState = nothing): Plan {
  const result = reconcile(desired, observed, plainRequest);
  if (!result.ok) throw new Error('no plan');
  return withHooks(result.value, desired, { isFirst });
}

/** Everything that a node waits for. */
function before({ nodes }: Plan, id: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const visit = (one: NodeId): void => {
    if (seen.has(one)) return;
    seen.add(one);
    for (const next of nodes.find((node) => node.id === one)?.after ?? []) visit(next);
  };
  for (const next of nodes.find((node) => node.id === id)?.after ?? []) visit(next);
  return seen;
}

describe('hooks in a plan', () => {
  test('come before all but what the agent and their containers need', () => {
    const plan = planned(desiredWith(hook('setup', 'app'), hook('before_apply'), hook('after_apply')), true);
    expect([...before(plan, 'hook before_apply run')].sort()).toEqual([
      'agent shop-agent create',
      'agent shop-agent start',
      'hook setup run',
      'image app:1 pull',
      'network shop create',
    ]);
    const early = before(plan, 'hook before_apply run');
    for (const { id, op } of plan.nodes)
      if (op.kind !== 'hook.run' && op.kind !== 'checkpoint' && !early.has(id))
        expect(before(plan, id), id).toContain('hook before_apply run');
    expect(before(plan, 'image web:1 pull')).toContain('hook setup run');
    const places = new Map(plan.nodes.map(({ id }, place) => [id, place]));
    for (const { id, after } of plan.nodes)
      for (const one of after) expect(places.get(one), id).toBeLessThan(places.get(id) ?? -1);
  });

  test('are all told of, with words that may be shown, and `setup` only at first', () => {
    const desired = desiredWith(hook('setup'), hook('before_apply'), hook('on_failure'), hook('shutdown'));
    const names = (plan: Plan) => plan.hooks.map((one) => one.hook);
    expect(names(planned(desired, true))).toEqual(['setup', 'before_apply', 'on_failure']);
    expect(names(planned(desired, false))).toEqual(['before_apply', 'on_failure']);
    expect(JSON.stringify(planned(desired, true))).not.toContain('"secret"');
  });

  test('a destroy has its own, before anything stops', () => {
    const desired = desiredWith(hook('before_apply'), hook('shutdown'));
    const plan = withShutdown(destroyPlan(settled(desired), { stack: STACK, volumes: true }), desired);
    expect(plan.hooks.map((one) => one.hook)).toEqual(['shutdown']);
    expect(plan.nodes[0]?.id).toBe('hook shutdown run');
    for (const { id } of plan.nodes.slice(1)) expect(before(plan, id), id).toContain('hook shutdown run');
  });
});

describe('the first apply of a stack', () => {
  const begun = (apply: string, command: ApplyCommand): ApplyRecord => ({
    type: 'apply',
    apply,
    revision: 1,
    atMs: 0,
    command,
    of: null,
    user: 'anna',
    host: 'laptop',
    program: '1',
    file: null,
    git: null,
    operations: 1,
  });
  const end = (apply: string, result: EndRecord['result']): EndRecord => ({
    type: 'end',
    apply,
    atMs: 0,
    tookMs: 0,
    result,
    done: 1,
    failed: 0,
    left: 0,
  });
  const empty = { kept: [], containers: [], volumes: [] };

  test.each([
    ['nothing is there', null, true],
    ['an apply has failed', [begun('a', 'apply'), end('a', 'failed')], true],
    ['an apply was cut off', [begun('a', 'apply')], true],
    ['it was destroyed', [begun('a', 'destroy'), end('a', 'done')], true],
    ['one has come to its end', [begun('a', 'apply'), end('a', 'done'), begun('b', 'apply')], false],
    ['one was finished later', [begun('a', 'resume'), end('a', 'done')], false],
  ] as const)('%s', (_, records, isFirst) => {
    expect(isFirstApply(STACK, empty, records)).toBe(isFirst);
  });

  test('is over where an instance is there, a revision is kept, or a journal that nobody can read', () => {
    const { containers } = settled(desiredState(sketches));
    expect(isFirstApply(STACK, { ...empty, containers }, null)).toBe(false);
    const revision = {
      role: 'revision',
      id: 'x',
      engineName: 'shop.revision.3',
      revision: 3,
      imageId: 'i',
    } as const;
    expect(isFirstApply(STACK, { ...empty, kept: [revision] }, [])).toBe(false);
    const journal = { name: 'shop.journal', application: '', dataVolume: '', path: '' };
    expect(isFirstApply(STACK, { ...empty, volumes: [journal] }, null)).toBe(false);
  });
});

test('the words of a hook are split, and filled in but where they are shown', () => {
  const text = shop(
    'app: { deploy: auto, image: "app:1" }',
    `secrets: { S: { env: S } }
hooks:
  before_apply: "bin/check 'of %{stack}' %{env:WHO|nobody} %{secret:S}"
  after_apply: { container: app, command: [warm, up], timeout: 2m }`,
  );
  const compiled = compileText(text);
  if (!compiled.ok) throw new Error('does not compile');
  expect(requirements(compiled.value)).toMatchObject({ env: ['WHO'], secrets: ['S'] });
  const resolved = resolve(compiled.value, { ...inputs, secrets: { S: { value: 'hidden' } } });
  if (!resolved.ok) throw new Error(resolved.diagnostics.map(({ message }) => message).join());
  expect(resolved.value.hooks).toEqual([
    {
      name: 'before_apply',
      command: ['bin/check', 'of shop', 'nobody', 'hidden'],
      shown: ['bin/check', 'of shop', '%{env:WHO|nobody}', '%{secret:S}'],
      container: null,
      timeoutMs: 600_000,
    },
    {
      name: 'after_apply',
      command: ['warm', 'up'],
      shown: ['warm', 'up'],
      container: 'shop/app',
      timeoutMs: 120_000,
    },
  ]);
});

test('builds come behind the hooks, unless one of these runs in a container', () => {
  const build = {
    context: './app',
    dockerfile: 'Dockerfile',
    args: [],
    target: null,
    platform: null,
    content: { digest: 'ab', files: 1, bytes: 1 },
    registry: null,
    builds: true,
    pushes: false,
  };
  const kinds = (...hooks: readonly DesiredHook[]) => {
    const own = { name: 'app', imageId: null, build };
    const other = { name: 'web', image: 'web:1', imageId: null, pull };
    const { nodes } = planned({ ...desiredState([own, other]), hooks }, true);
    return nodes.flatMap(({ op }) => (/^(?:image|hook)/.test(op.kind) ? [op.kind] : []));
  };
  expect(kinds(hook('before_apply'))).toEqual(['hook.run', 'image.build', 'image.pull']);
  expect(kinds(hook('before_apply', 'app'))).toEqual(['image.build', 'hook.run', 'image.pull']);
  expect(kinds(hook('before_apply', 'web'))).toEqual(['image.build', 'image.pull', 'hook.run']);
});
