import { describe, expect, test } from 'vitest';
import type { ObservedContainer, ObservedState } from '../../../src/compiler/observed/observed-state.ts';
import type { Plan, PlanRequest } from '../../../src/compiler/plan/plan.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { withVerdicts } from '../../../src/compiler/verdict/with-verdicts.ts';
import { desiredState, plainRequest, settled, type ContainerSketch } from '../../support/desired.ts';

/** The plan for a file in which `sketch` has this image, judged. */
function planned(
  sketch: ContainerSketch,
  image: string,
  seen: ObservedState,
  request: Partial<PlanRequest> = {},
): Plan {
  const desired = desiredState([{ ...sketch, image }]);
  const result = reconcile(desired, seen, { ...plainRequest, ...request });
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join('\n'));
  return withVerdicts(result.value, { desired, observed: seen, times: new Map() });
}

function verbs({ nodes }: Plan): readonly string[] {
  return nodes.flatMap(({ id, group }) => (group === 'shop/app0' ? [id.slice(group.length + 1)] : []));
}

function change({ changes }: Plan): Plan['changes'][number] | undefined {
  return changes.find(({ id }) => id === 'shop/app0');
}

describe('a published successor serves, and the current one does not run', () => {
  const alone: ContainerSketch = { name: 'app', socket: true, order: 'stop-first' };

  /** Cut off right after the publish of generation 2, which is of `app:2`. */
  function cutOff(sketch: ContainerSketch, state: ObservedContainer['state'] = 'exited'): ObservedState {
    const before = settled(desiredState([{ ...sketch, image: 'app:1' }]));
    const [two] = settled(desiredState([{ ...sketch, image: 'app:2' }])).containers;
    if (two === undefined) throw new Error('no container');
    const next: ObservedContainer = {
      ...two,
      id: 'id-app0-2',
      generation: 2,
      phase: 'next',
      engineName: 'shop-app0.2.next',
      env: ['LISTEN=/run/socks/.shop-app0.2'],
      restart: 'no',
    };
    return {
      ...before,
      containers: [...before.containers.map((one) => ({ ...one, state, restart: 'no' })), next],
      links: before.links.map((link) => ({
        ...link,
        found: { kind: 'symlink', to: '.shop-app0.2', leads: true } as const,
      })),
    };
  }

  const replaced = [
    'park 1',
    'name',
    'clear 1',
    'remove 1',
    'create 3',
    'release 2',
    'hold 2',
    'drain 2',
    'stop 2',
    'clear 3',
    'start 3',
    'gate 3',
    'publish 3',
    'keep 3',
    'park 2',
    'switch 3',
    'clear 2',
    'remove 2',
  ];

  test.each<[string, string, Partial<PlanRequest>]>([
    ['the file changes', 'app:3', {}],
    ['the file is put back', 'app:1', {}],
    ['a new one is asked for', 'app:2', { force: ['app'] }],
  ])('it is replaced as any that serves: %s', (_, image, request) => {
    const plan = planned(alone, image, cutOff(alone), request);
    expect(verbs(plan)).toEqual(replaced);
    expect(change(plan)).toMatchObject({ action: 'replace', from: 2, to: 3 });
    expect(change(plan)?.judgement?.rule).not.toBe('nothing-before');
    // Where the new one fails, it serves again.
    expect(plan.nodes.find(({ id }) => id === 'shop/app0 stop 2')?.undo).toMatchObject([
      { kind: 'container.start', target: { id: 'id-app0-2' } },
    ]);
  });

  test('the name that the current one gives up is the one that it would have got', () => {
    const { nodes } = planned(alone, 'app:3', cutOff(alone));
    expect(nodes.flatMap(({ op }) => (op.kind === 'container.rename' ? [op.name] : [])).slice(0, 2)).toEqual([
      'shop-app0.1.old',
      'shop-app0',
    ]);
  });

  test('start-first: it leaves when the next one is published', () => {
    const sketch: ContainerSketch = { ...alone, order: 'start-first' };
    const of = verbs(planned(sketch, 'app:3', cutOff(sketch)));
    expect(of.indexOf('publish 3')).toBeLessThan(of.indexOf('drain 2'));
    expect(of.indexOf('drain 2')).toBeLessThan(of.indexOf('stop 2'));
  });

  test('also where there is no other one', () => {
    const seen = cutOff(alone);
    const plan = planned(alone, 'app:3', { ...seen, containers: seen.containers.slice(1) });
    expect(verbs(plan)).toEqual(['name', ...replaced.slice(4)]);
  });

  test('a held one takes the name and goes on', () => {
    const sketch: ContainerSketch = { ...alone, mode: 'manual' };
    const plan = planned(sketch, 'app:3', cutOff(sketch));
    expect(verbs(plan)).toEqual(['park 1', 'name', 'clear 1', 'remove 1']);
  });

  test('what the file names is left to do is done, as before', () => {
    const plan = planned(alone, 'app:2', cutOff(alone));
    expect(verbs(plan).slice(0, 2)).toEqual(['publish 2', 'gate 2']);
    expect(change(plan)?.judgement?.rule).toBe('nothing-before');
  });
});

describe('a generation that was about to leave runs, and the current one does not', () => {
  const tcp: ContainerSketch = { name: 'app', port: 8080 };

  /** Cut off in the drain of generation 1; generation 2 (`app:2`) has ended since. */
  function ended(sketch: ContainerSketch, state: ObservedContainer['state']): ObservedState {
    const before = settled(desiredState([{ ...sketch, image: 'app:1' }]));
    const [two] = settled(desiredState([{ ...sketch, image: 'app:2' }])).containers;
    const [one] = before.containers;
    if (one === undefined || two === undefined) throw new Error('no container');
    const old = { ...one, engineName: 'shop-app0.1.old', phase: 'old', restart: 'no' } as const;
    return { ...before, containers: [old, { ...two, id: 'id-app0-2', generation: 2, state, exitCode: 1 }] };
  }

  test('with another file it is what is replaced, and what a failure goes back to', () => {
    const plan = planned(tcp, 'app:3', ended(tcp, 'exited'));
    expect(verbs(plan)).toEqual([
      'park 2',
      'name',
      'create 3',
      'start 3',
      'gate 3',
      'keep 3',
      'release 1',
      'park 1',
      'switch 3',
      'drain ports 1',
      'still up 3',
      'stop 1',
      'remove 1',
      'remove 2',
    ]);
    expect(change(plan)).toMatchObject({ from: 1, to: 3 });
    expect(change(plan)?.judgement?.rule).not.toBe('nothing-before');
    expect(change(plan)?.notes).toContain('generation 2 failed and is kept as shop-app0.2.failed until then');
  });

  test('the one that the engine starts again and again stops before its successor starts', () => {
    const of = verbs(planned(tcp, 'app:3', ended(tcp, 'restarting')));
    expect(of.slice(0, 5)).toEqual(['park 2', 'name', 'stop 2', 'remove 2', 'create 3']);
    expect(of.indexOf('gate 3')).toBeLessThan(of.indexOf('stop 1'));
  });

  test('with its own file again it stays', () => {
    expect(verbs(planned(tcp, 'app:1', ended(tcp, 'exited')))).toEqual([
      'park 2',
      'name',
      'remove 2',
      'policy',
    ]);
  });

  test('a held one that is started again is up before the other one stops', () => {
    const held: ContainerSketch = { ...tcp, mode: 'manual' };
    const of = verbs(planned(held, 'app:3', ended(held, 'exited')));
    expect(of.slice(0, 2)).toEqual(['start 2', 'gate 2']);
    expect(of).toContain('stop 1');
  });

  test('stop-first, two at once are what must not be', () => {
    const single: ContainerSketch = { ...tcp, order: 'stop-first' };
    const plan = planned(single, 'app:3', ended(single, 'exited'));
    const of = verbs(plan);
    expect(of.indexOf('stop 1')).toBeLessThan(of.indexOf('start 3'));
    expect(change(plan)?.judgement?.rule).not.toBe('nothing-before');
  });
});

describe('a half-made generation that has bound the published name itself, in the place of one that has stopped', () => {
  const sketch: ContainerSketch = {
    name: 'app',
    instances: 2,
    socket: true,
    fixed: true,
    order: 'stop-first',
  };

  function cutOff(phase: Pick<ObservedContainer, 'state'>): ObservedState {
    const before = settled(desiredState([{ ...sketch, image: 'app:1' }]));
    const [two] = settled(desiredState([{ ...sketch, image: 'app:2' }])).containers;
    if (two === undefined) throw new Error('no container');
    const next: ObservedContainer = {
      ...two,
      ...phase,
      id: 'id-app0-2',
      generation: 2,
      phase: 'next',
      engineName: 'shop-app0.2.next',
      restart: 'no',
    };
    const [one, ...others] = before.containers;
    if (one === undefined) throw new Error('no container');
    return { ...before, containers: [{ ...one, state: 'exited', restart: 'no' }, ...others, next] };
  }

  const tidied = (state: ObservedContainer['state']) =>
    verbs(planned(sketch, 'app:2', cutOff({ state }))).filter((verb) => verb.endsWith(' 2'));

  test('answers what it has before it stops, and gets nothing new', () => {
    expect(tidied('running')).toEqual([
      'publish back 2',
      'keep socket 2',
      'take path 2',
      'drain 2',
      'stop 2',
      'clear 2',
      'remove 2',
    ]);
  });

  test('what an agent may still hold goes to its successor', () => {
    const alone: ContainerSketch = { ...sketch, instances: 1 };
    const seen = cutOff({ state: 'created' });
    const own = { ...seen, containers: seen.containers.filter(({ instance }) => instance === 'app0') };
    expect(verbs(planned(alone, 'app:2', own))).toContain('hand over to 3');
    expect(verbs(planned(alone, 'app:2', settled(desiredState([alone]))))).not.toContain('hand over to 3');
  });

  test('the next one leaves only when the switch of this one is finished', () => {
    const { containers, ...rest } = cutOff({ state: 'running' });
    const between = containers.map((one) =>
      one.instance === 'app0' && one.phase === 'current'
        ? { ...one, phase: 'old' as const, engineName: 'shop-app0.1.old' }
        : one,
    );
    const { nodes } = planned(sketch, 'app:2', { ...rest, containers: between });
    const before = (id: string): readonly string[] => {
      const after = nodes.find((node) => node.id === id)?.after ?? [];
      return [...after, ...after.flatMap(before)];
    };
    expect(before('shop/app1 create 2')).toEqual(
      expect.arrayContaining(['shop/app0 name', 'shop/app0 await balancer 2']),
    );
  });

  test('has nothing to answer where it has ended', () => {
    expect(tidied('exited')).toEqual(['publish back 2', 'clear 2', 'remove 2']);
  });
});
