import { describe, expect, test } from 'vitest';

import type {
  ContainerKey,
  DesiredContainer,
  DesiredState,
} from '../../../src/compiler/desired/desired-state.ts';
import type {
  ContainerState,
  ObservedContainer,
  ObservedState,
} from '../../../src/compiler/observed/observed-state.ts';
import { causeOf } from '../../../src/compiler/plan/cause.ts';
import { isPending, type PlanRequest } from '../../../src/compiler/plan/plan.ts';
import { desiredAgents } from '../../../src/compiler/reconcile/agents.ts';
import { destroyPlan } from '../../../src/compiler/reconcile/destroy.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { desiredState, plainRequest, settled } from '../../support/desired.ts';
import { planText } from '../../support/plan-text.ts';

const desired = desiredState([{ name: 'app' }, { name: 'job', mode: 'cron', env: { A: '1' } }]);

function plan(wanted: DesiredState, observed: ObservedState, request: Partial<PlanRequest> = {}) {
  const result = reconcile(wanted, observed, { ...plainRequest, ...request });
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join());
  return result.value;
}

function withJob(change: Partial<NonNullable<DesiredContainer['job']>>): DesiredState {
  return {
    ...desired,
    containers: desired.containers.map((one) =>
      one.job === null ? one : { ...one, job: { ...one.job, ...change } },
    ),
  };
}

/** The engine as it is when all is well, but for the job's templates. */
function withTemplates(...changes: readonly Partial<ObservedContainer>[]): ObservedState {
  const observed = settled(desired);
  const [template] = observed.templates;
  return {
    ...observed,
    templates: changes.flatMap((change) => (template === undefined ? [] : [{ ...template, ...change }])),
  };
}

const old = { id: 'id-old', engineName: 'shop-job.1.old', generation: 1, phase: 'old' } as const;
const next = { id: 'id-next', engineName: 'shop-job.2.next', generation: 2, phase: 'next' } as const;

describe('the template of a job', () => {
  test('is left alone where nothing differs, and so is its agent', () => {
    const { changes, nodes } = plan(desired, settled(desired));
    expect([changes.filter(isPending), nodes]).toEqual([[], []]);
    expect(changes.find(({ action }) => action === 'schedule')?.notes).toEqual(['runs at 59 * * * * (UTC)']);
  });

  test('is made at the end, behind all else of its application', () => {
    const wanted = desiredState([
      { name: 'app', image: 'app:2' },
      { name: 'job', mode: 'cron' },
    ]);
    expect(planText(plan(wanted, { ...settled(desired), templates: [] }))).toMatchInlineSnapshot(`
      "replace shop/app0 1→2 (field image app:1 (app:1)→app:2 (app:2))
      schedule shop/job -→1 (missing template -→-)

      [] #1 shop/app0 create 2: container.create undo: container.rename
      [1] #2 shop/app0 start 2: container.start undo: container.stop
      [2] #3 shop/app0 gate 2: container.gate
      [3] #4 shop/app0 keep 2: container.policy undo: container.policy
      [4] #5 shop/app0 release 1: container.policy undo: container.policy, container.start
      [5] #6 shop/app0 park 1: container.rename undo: container.rename
      [6] #7 shop/app0 switch 2: container.rename undo: container.rename
      [7] #8 shop/app0 still up 2: container.alive
      [8] #9 shop/app0 stop 1: container.stop
      [9] #10 shop/job create 1: container.create undo: container.remove
      [10] #11 shop/job switch 1: container.rename undo: container.rename
      [9,11] #12 everything ready: checkpoint
      [12] #13 shop/app0 remove 1: container.remove"
    `);
  });

  test('gives way to a new one, at each moment of which one is there', () => {
    const wanted = desiredState([{ name: 'app' }, { name: 'job', mode: 'cron', env: { A: '2' } }]);
    const { nodes } = plan(wanted, settled(desired));
    expect(planText(plan(wanted, settled(desired)))).toMatchInlineSnapshot(`
      "none shop/app0
      schedule shop/job 1→2 (field env A "1"→"2")

      [] #1 shop/job create 2: container.create undo: container.remove
      [1] #2 shop/job park 1: container.rename undo: container.rename
      [2] #3 shop/job switch 2: container.rename undo: container.rename
      [3] #4 shop/job remove 1: container.remove"
    `);
    expect(nodes.flatMap(({ op }) => (op.kind === 'container.rename' ? [op.name] : []))).toEqual([
      'shop-job.1.old',
      'shop-job.template',
    ]);
  });

  test.each<[string, Partial<NonNullable<DesiredContainer['job']>>, readonly string[]]>([
    [
      'another schedule',
      { spec: { ...job().spec, schedule: ['0 3 * * *'], timezone: 'Europe/Rome' } },
      ['cron: 59 * * * * (UTC) → 0 3 * * * (Europe/Rome)'],
    ],
    [
      'other bounds',
      { spec: { ...job().spec, overlap: 'queue', timeoutMs: 60_000, catchUp: true, jitterMs: 5000 } },
      [
        'cron.overlap: skip → queue',
        'cron.timeout: null → 60 s',
        'cron.catch_up: false → true',
        'cron.jitter: null → 5 s',
      ],
    ],
  ])('differs by %s', (_, change, reasons) => {
    const [changed] = plan(withJob(change), settled(desired)).changes.filter(isPending);
    expect(changed?.reasons.map(({ field, from, to }) => `${field}: ${from} → ${to}`)).toEqual(reasons);
  });

  test('differs by a little more time', () => {
    const bounded = (timeoutMs: number) => withJob({ spec: { ...job().spec, timeoutMs } });
    const [changed] = plan(bounded(3_601_000), settled(bounded(3_600_000))).changes.filter(isPending);
    expect(changed?.reasons).toEqual([
      { kind: 'field', field: 'cron.timeout', from: '3600 s', to: '3601 s' },
    ]);
  });

  test('is made anew for another `stop_timeout`, which runs have from it alone', () => {
    const [changed] = plan(desired, withTemplates({ stopTimeoutS: 10 })).changes.filter(isPending);
    expect(changed?.reasons).toEqual([{ kind: 'field', field: 'stop_timeout', from: '10 s', to: '30 s' }]);
  });

  test('of another version is made anew', () => {
    const [changed] = plan(desired, withTemplates({ job: null })).changes.filter(isPending);
    expect(changed?.reasons).toEqual([
      { kind: 'field', field: 'cron', from: 'unreadable', to: '59 * * * * (UTC)' },
    ]);
  });

  test.each<[string, readonly Partial<ObservedContainer>[], readonly string[]]>([
    ['between its two renames', [old, next], ['shop/job switch 2', 'shop/job remove 1']],
    ['before the old one went', [{ generation: 2 }, old], ['shop/job remove 1']],
    ['before its switch', [{}, next], ['shop/job remove 2']],
  ])('of an apply that was cut off %s is put right', (_, found, steps) => {
    const { nodes, changes } = plan(desired, withTemplates(...found));
    expect(nodes.filter(({ group }) => group === 'shop/job').map(({ id }) => id)).toEqual(steps);
    expect(changes.filter(isPending).map(({ id }) => id)).toContain('shop/job');
  });

  test('that is half-made and the first one is made anew', () => {
    const { nodes } = plan(desired, withTemplates({ ...next, generation: 1, engineName: 'shop-job.1.next' }));
    expect(nodes.filter(({ group }) => group === 'shop/job').map(({ id }) => id)).toEqual([
      'shop/job remove 1',
      'shop/job create 2',
      'shop/job switch 2',
    ]);
  });

  test('goes with its job, and so does the agent that has the engine’s socket', () => {
    const wanted = desiredState([{ name: 'app' }]);
    const { changes } = plan(wanted, settled(desired));
    expect(changes.filter(isPending).map(({ action, id }) => `${action} ${id}`)).toEqual([
      'remove job shop/job',
      'remove agent shop-agent-engine',
    ]);
  });

  test('that somebody has removed is drift, and says so', () => {
    const observed = { ...settled(desired), templates: [], lostTemplates: [jobKey()] };
    const [changed] = plan(desired, observed).changes.filter(isPending);
    expect(changed && causeOf(changed)).toBe('engine');
    expect(changed?.reasons).toEqual([
      { kind: 'drift', field: 'template', from: 'removed by hand', to: 'there' },
    ]);
  });

  test.each(['job', 'shop/job'])('is made anew where somebody asks for it: --force %s', (name) => {
    const forced = (observed: ObservedState, goesOn = false) =>
      plan(desired, observed, { force: [name], goesOn });
    expect(planText(forced(settled(desired)))).toBe(
      [
        'none shop/app0',
        'schedule shop/job 1→2 (requested --force -→-)',
        '',
        '[] #1 shop/job create 2: container.create undo: container.remove',
        '[1] #2 shop/job park 1: container.rename undo: container.rename',
        '[2] #3 shop/job switch 2: container.rename undo: container.rename',
        '[3] #4 shop/job remove 1: container.remove',
      ].join('\n'),
    );
    expect(forced(withTemplates({ generation: 2 }, old), true).nodes.map(({ id }) => id)).toEqual([
      'shop/job remove 1',
    ]);
  });

  test.each<[ContainerState, ContainerState, boolean]>([
    ['running', 'running', true],
    ['exited', 'running', true],
    ['running', 'exited', true],
    ['exited', 'exited', false],
  ])(
    'whose run is %s goes without its agent, which is %s, where that has work left: %s',
    (state, own, stays) => {
      const wanted = desiredState([{ name: 'app' }]);
      const observed = settled(desired);
      const run = {
        id: 'id-run',
        engineName: 'shop-job.run.7',
        application: 'shop',
        container: 'job',
        state,
      };
      const agents = observed.agents.map((agent) => ({ ...agent, state: own }));
      const seen = { ...observed, agents, jobRuns: [run] };
      const { changes } = plan(wanted, seen);
      const ids = changes.filter(isPending).map(({ action, id }) => `${action} ${id}`);
      expect(ids).toContain('remove job shop/job');
      expect(ids.includes('remove agent shop-agent-engine')).toBe(!stays);
      // Nothing is pending for it while it has work: nobody waits for the end of a run.
      const engine = agents.filter(({ name }) => name === 'shop-agent-engine');
      const later = plan(wanted, {
        ...settled(wanted),
        agents: [...settled(wanted).agents, ...engine],
        jobRuns: [run],
      });
      expect(later.nodes.length === 0).toBe(stays);
    },
  );

  test('whose run goes on says who stays for it', () => {
    const run = { id: 'id-run', engineName: 'shop-job.run.7', application: 'shop', container: 'job' };
    const seen = { ...settled(desired), jobRuns: [{ ...run, state: 'running' as const }] };
    const { changes } = plan(desiredState([{ name: 'app' }]), seen);
    expect(changes.find(({ id }) => id === 'job shop/job')?.notes).toEqual([
      'its run that goes on comes to its own end',
      '`shop-agent-engine` stays to write that down, and goes with the next apply after it',
    ]);
  });

  test('is not made by an apply that leaves its container out', () => {
    const { nodes } = plan(desired, { ...settled(desired), templates: [] }, { only: ['app'] });
    expect(nodes).toEqual([]);
  });

  test('needs the networks of its container, and its own name', () => {
    const wanted = desiredState([
      { name: 'app' },
      { name: 'job', mode: 'cron', spec: { networks: ['elsewhere'] } },
    ]);
    const observed = { ...settled(desired), templates: [], foreignNames: ['shop-job.template'] };
    const result = reconcile(wanted, observed, plainRequest);
    expect((result.ok ? result.value.warnings : result.diagnostics).map(({ code }) => code)).toEqual([
      'STK411',
      'STK420',
    ]);
  });
});

const without = (): ObservedState => {
  const observed = settled(desired);
  return { ...observed, agents: observed.agents.filter(({ name }) => name !== 'shop-agent-engine') };
};

describe('the agent that starts jobs', () => {
  test('is made again where somebody removed it, and the plan says what it has', () => {
    const [change] = plan(desired, without()).changes.filter(isPending);
    expect([change?.id, change?.notes]).toEqual([
      'agent shop-agent-engine',
      ["starts jobs and heals instances, and has the engine's socket for it: `/var/run/docker.sock`"],
    ]);
  });

  test('is replaced for another socket of the file, not for one that only this command uses', () => {
    const moved = { ...desired, engineSocket: '/run/other.sock' };
    expect(
      plan(moved, settled(desired))
        .changes.filter(isPending)
        .map(({ id }) => id),
    ).toEqual(['agent shop-agent-engine']);
    const { nodes } = plan(desired, settled(desired), { engineSocket: '/run/other.sock' });
    expect(nodes).toEqual([]);
  });

  test('keeps the socket that it has, whoever plans, as long as it runs', () => {
    const before = settled({ ...desired, engineSocket: '/run/user/1000/docker.sock' });
    const socketOf = (state: 'running' | 'exited') => {
      const agents = before.agents.map((agent) => ({ ...agent, state }));
      const own = desiredAgents(desired, { agents }, plainRequest, []);
      return own.flatMap(({ engineSocket }) => engineSocket ?? []);
    };
    expect([socketOf('running'), socketOf('exited')]).toEqual([
      ['/run/user/1000/docker.sock'],
      ['/var/run/docker.sock'],
    ]);
  });

  test('that was made with another socket of the file says which', () => {
    const moved = { ...desired, engineSocket: '/run/other.sock' };
    const change = plan(moved, settled(desired)).changes.find(({ id }) => id === 'agent shop-agent-engine');
    expect(change?.reasons).toMatchObject([
      { field: 'engine_socket', from: '/var/run/docker.sock', to: '/run/other.sock' },
    ]);
  });
});

const HTTP = {
  kind: 'http',
  over: 'socket',
  path: '/',
  status: [[100, 499]],
  timeoutMs: 2_000,
  intervalMs: 50,
  limitMs: 60_000,
} as const;

describe('a stack that says `heal: true`', () => {
  const plain = desiredState([{ name: 'app' }]);
  const healing = { ...plain, heals: true };
  const agents = (wanted: typeof plain, observed: ObservedState) =>
    plan(wanted, observed)
      .changes.filter(isPending)
      .map(({ id, action, notes }) => [id, action, notes]);

  test('has the agent with the engine’s socket without a job, and the plan says what for', () => {
    expect(agents(plain, settled(plain))).toEqual([]);
    expect(agents(healing, settled(plain))).toEqual([
      [
        'agent shop-agent-engine',
        'create',
        ["heals instances, and has the engine's socket for it: `/var/run/docker.sock`"],
      ],
    ]);
    expect(agents(healing, settled(healing))).toEqual([]);
  });

  test('has one for both', () => {
    expect(agents({ ...desired, heals: true }, without())).toEqual([
      [
        'agent shop-agent-engine',
        'create',
        ["starts jobs and heals instances, and has the engine's socket for it: `/var/run/docker.sock`"],
      ],
    ]);
  });

  test('has it mount the volumes whose sockets it asks, and again where one comes', () => {
    const served = desiredState([
      { name: 'app', socket: true, gate: HTTP },
      { name: 'deaf', heal: false, socket: true, gate: HTTP },
      { name: 'web' },
    ]);
    const made = plan({ ...served, heals: true }, settled(plain));
    const specs = made.nodes.flatMap(({ op }) =>
      op.kind === 'agent.create' && op.agent.plane === 'engine' ? [op.agent.volumes] : [],
    );
    const socket = served.containers[0]?.instances[0]?.socket?.volume;
    expect(specs).toEqual([[socket]]);
    // It is there, and knows nothing of them yet.
    const agentBefore = settled(healing).agents.filter(({ name }) => name === 'shop-agent-engine');
    const now = settled({ ...served, heals: true });
    const others = now.agents.filter(({ name }) => name !== 'shop-agent-engine');
    expect(agents({ ...served, heals: true }, { ...now, agents: [...others, ...agentBefore] })).toMatchObject(
      [['agent shop-agent-engine', 'replace', expect.anything()]],
    );
    expect(agents({ ...served, heals: true }, now)).toEqual([]);
  });

  test('loses it with the key', () => {
    expect(agents(plain, settled(healing))).toEqual([['agent shop-agent-engine', 'remove', []]]);
  });
});

test('a destroy ends who starts jobs first, then the runs, and leaves no template', () => {
  const run = { id: 'id-run', engineName: 'shop-job.run.7', application: 'shop', container: 'job' };
  const observed = { ...settled(desired), jobRuns: [{ ...run, state: 'running' as const }] };
  const { nodes, changes } = destroyPlan(observed, { stack: 'shop', volumes: false });
  const order = nodes.map(({ id }) => id);
  expect(order.slice(0, 3)).toEqual([
    'agent shop-agent-engine remove',
    'run shop-job.run.7 stop',
    'run shop-job.run.7 remove',
  ]);
  expect(order).toContain('job shop-job.template remove');
  expect(changes.find(({ id }) => id === 'run shop-job.run.7')?.notes).toEqual([
    'a run of a job that goes on: it is stopped, whether or not it is done',
  ]);
});

test('a destroy takes no network away from under who starts jobs, also where no job is left', () => {
  const { nodes } = destroyPlan({ ...settled(desired), templates: [] }, { stack: 'shop', volumes: false });
  const before = new Map<string, readonly string[]>(nodes.map(({ id, after }) => [id, after]));
  const waitsFor = (id: string): boolean =>
    id === 'agent shop-agent-engine remove' || (before.get(id) ?? []).some(waitsFor);
  const networks = nodes.filter(({ op }) => op.kind === 'network.remove').map(({ id }) => id);
  expect(networks).not.toEqual([]);
  expect(networks.filter((id) => !waitsFor(id))).toEqual([]);
});

function jobKey(): ContainerKey {
  const found = desired.containers.find(({ mode }) => mode === 'cron');
  if (!found) throw new Error('no job');
  return found.key;
}

function job(): NonNullable<DesiredContainer['job']> {
  const found = desired.containers.find((one) => one.job !== null)?.job;
  if (!found) throw new Error('no job');
  return found;
}
