import { foundOf } from '../desired/found.ts';
import { generationName } from '../names.ts';
import type { ContainerRef, Operation } from '../plan/operation.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { NodeId } from '../plan/plan.ts';
import { balancerSteps } from './balancer-steps.ts';
import { sharedPorts } from './agents.ts';
import { currentName } from './adopted.ts';
import { restartText } from './compare.ts';
import { foundSteps } from './found-steps.ts';
import { pathOfOld, roomForOld, socketSteps } from './socket-steps.ts';
import type { Step } from './strategies.ts';
import { gateOf, node, quieting } from './turn.ts';
import type { Outgoing, StepNode, Turn } from './turn.ts';

/** What each step does, as operations. */
const steps: Readonly<Record<Step, (turn: Turn) => readonly StepNode[]>> = {
  ...socketSteps,
  ...balancerSteps,
  ...foundSteps,
  create: ({ instance, generation, next }) => {
    const name = generationName(instance.engineName, generation, 'next');
    return [
      node(
        `create ${generation}`,
        { kind: 'container.create', instance: instance.key, generation, name },
        'new generation',
        [
          {
            kind: 'container.rename',
            target: next,
            name: generationName(instance.engineName, generation, 'failed'),
          },
        ],
      ),
    ];
  },
  join: ({ instance, generation, next }) =>
    (foundOf(instance) === null ? instance.spec.networks : []).map((network) =>
      node(
        `join ${generation} ${network}`,
        { kind: 'container.connect', target: next, network },
        'in `networks`',
      ),
    ),
  // Whoever asks the port may be answered by the old generation.
  'note-listeners': ({ instance, generation }) => {
    const ports = sharedPorts(instance, 'start-first');
    if (ports.length === 0) return [];
    const op: Operation = { kind: 'ports.note', instance: instance.key, generation, ports };
    return [node(`note ports ${generation}`, op, 'the old one listens there too')];
  },
  start: ({ instance, generation, next }) => [
    node(`start ${generation}`, { kind: 'container.start', target: next }, 'created', [
      { kind: 'container.stop', target: next, timeoutS: instance.stop.timeoutS },
    ]),
  ],
  gate: (turn) => [node(`gate ${turn.generation}`, gateOf(turn), 'must be ready')],
  // Both sides of a handover would hold the same host port, or write to the same files.
  'hand-over': ({ handover }) =>
    handover.flatMap((leaving) => {
      const { id, generation, instance } = leaving;
      const target = { kind: 'leaving', id, generation, instance } as const;
      return [
        node(
          `release ${leaving.instance}`,
          { kind: 'container.policy', target, policy: 'no', maxRetries: 0 },
          'hands over and leaves',
          [policyOf(target, leaving.restart)],
        ),
        node(
          `stop ${leaving.instance}`,
          { kind: 'container.stop', target, timeoutS: null },
          'hands over and leaves',
          [{ kind: 'container.start', target }],
        ),
      ];
    }),
  keep: ({ instance, generation, next }) => {
    const { name, maxRetries } = instance.spec.restart;
    if (name === 'no') return [];
    return [
      node(
        `keep ${generation}`,
        { kind: 'container.policy', target: next, policy: name, maxRetries },
        'gate passed',
        [{ kind: 'container.policy', target: next, policy: 'no', maxRetries: 0 }],
      ),
    ];
  },
  'release-old': ({ old }) => {
    if (old === null) return [];
    // An apply that was cut off may have let it go already: then its label knows the way back.
    const before = letGo(old) && old.spec !== null ? restartText(old.spec.restart) : old.restart;
    if (before === 'no') return [];
    const target = old.ref;
    return [
      node(
        `release ${old.generation}`,
        { kind: 'container.policy', target, policy: 'no', maxRetries: 0 },
        'is being replaced',
        // One that ended meanwhile had no policy that would have brought it up.
        [
          policyOf(target, before),
          ...(wasRunning(old) ? [{ kind: 'container.start', target } as const] : []),
        ],
      ),
    ];
  },
  'park-old': ({ instance, old, way }) => {
    if (old === null) return [];
    const target = old.ref;
    // The one that failed is kept for inspection.
    const name = generationName(instance.engineName, old.generation, way === 'back' ? 'failed' : 'old');
    return [
      node(`park ${old.generation}`, { kind: 'container.rename', target, name }, 'is being replaced', [
        { kind: 'container.rename', target, name: currentName(old, instance.engineName) },
      ]),
    ];
  },
  'take-name': ({ instance, generation, next, nextName, way }) => [
    node(`switch ${generation}`, { kind: 'container.rename', target: next, name: nextName }, 'gate passed', [
      {
        kind: 'container.rename',
        target: next,
        name: generationName(instance.engineName, generation, way === 'back' ? 'old' : 'next'),
      },
    ]),
  ],
  // A worker takes no new work from here on, and finishes what it has.
  'quiet-old': (turn) => {
    const { instance, old } = turn;
    const { quietSignal, timeoutS, drainS } = instance.stop;
    if (old === null || quietSignal === null || !isQuieted(turn)) return [];
    const target = old.ref;
    const [quiet, idle] = quieting(target, quietSignal, drainS);
    return [
      // It takes up its work again only after a restart.
      node(`quiet ${old.generation}`, quiet, 'takes no new work', [
        { kind: 'container.stop', target, timeoutS },
        ...startOld(turn, old),
      ]),
      node(`await idle ${old.generation}`, idle, 'jobs under way end first'),
    ];
  },
  // Many a server ends at its first real requests. The old one is there yet, and takes everything back.
  'still-up': ({ generation, next, old }) =>
    old?.state === 'running'
      ? [
          node(
            `still up ${generation}`,
            { kind: 'container.alive', target: next },
            'before the old one stops',
          ),
        ]
      : [],
  // What the new version does to one instance it does to the next.
  forerunners: ({ container, hasForerunners }) =>
    hasForerunners
      ? [
          node(
            'see forerunners',
            { kind: 'forerunners.alive', container },
            'nobody follows one that has ended',
          ),
        ]
      : [],
  // Who handed over to the new generation is there again beside the old one.
  'hand-back': ({ handover }) =>
    handover.flatMap((leaving) => {
      const { id, generation, instance } = leaving;
      const target = { kind: 'leaving', id, generation, instance } as const;
      return [
        node(`start ${leaving.instance}`, { kind: 'container.start', target }, 'handed over and stays'),
        node(`keep ${leaving.instance}`, policyOf(target, leaving.restart), 'handed over and stays'),
      ];
    }),
  'stop-old': (turn) => {
    const { instance, old } = turn;
    if (old === null) return [];
    const stop: Operation = {
      kind: 'container.stop',
      target: old.ref,
      timeoutS: instance.stop.timeoutS,
    };
    const back = wasRunning(old) && !isQuieted(turn) ? startOld(turn, old) : [];
    return [node(`stop ${old.generation}`, stop, 'is being replaced', back)];
  },
};

/** Whether the old generation is told to take no new work before it stops. */
function isQuieted({ instance, old }: Turn): boolean {
  return instance.stop.quietSignal !== null && old?.state === 'running';
}

function startOld(turn: Turn, old: Outgoing): readonly Operation[] {
  const { ready, reached } = turn.awaitOld;
  const start: Operation = { kind: 'container.start', target: old.ref };
  // Of one that did not run no path was taken away that could be put back.
  return [
    ...roomForOld(turn),
    start,
    ...ready,
    ...(old.state === 'running' ? [] : [...pathOfOld(turn), ...reached]),
  ];
}

/** Steps that a generation which ends before the old one stops takes back with it, long after its switch. */
const SETTLED_TOGETHER: ReadonlySet<Step> = new Set(['unpublish-old', 'refuse-old', 'still-up']);

/** The steps of a turn that are taken back together. */
export function scopeOf({ instance, generation }: Turn): string {
  return `${instance.key}.${generation}`;
}

/** Adds the steps of a strategy one after the other; with a scope they are taken back together. */
export function addSteps(
  builder: PlanBuilder,
  group: string,
  names: readonly Step[],
  turn: Turn,
  after: readonly NodeId[],
  undoScope: string | null,
): readonly NodeId[] {
  let last = after;
  for (const step of names) {
    for (const { verb, op, reason, undo } of steps[step](turn)) {
      const isTogether = turn.way === 'forward' && turn.cover === 'successor' && SETTLED_TOGETHER.has(step);
      const scope = isTogether ? scopeOf(turn) : undoScope;
      const extras = scope === null ? {} : { undoScope: scope, undo };
      const name = turn.way === 'back' ? `back ${verb}` : verb;
      last = [builder.add(group, name, op, last, reason, extras)];
    }
  }
  return last;
}

/** Gives back a restart policy that is known as the engine writes it: `always`, `on-failure:3`. */
function policyOf(target: ContainerRef, text: string): Operation {
  const [policy = 'no', retries = '0'] = text.split(':');
  return { kind: 'container.policy', target, policy, maxRetries: Number(retries) };
}

/** Whether it ran before this plan, or would if an apply had not been cut off. */
export function wasRunning(old: Pick<Outgoing, 'state' | 'restart' | 'spec'>): boolean {
  return old.state === 'running' || old.state === 'restarting' || letGo(old);
}

/** Whether stackc stopped it to replace it, and was cut off: it lost its restart policy first. */
export function letGo(old: Pick<Outgoing, 'restart' | 'spec'>): boolean {
  return old.restart === 'no' && old.spec !== null && old.spec.restart.name !== 'no';
}
