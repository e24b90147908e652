import { candidates, certain, claims, isAdoptable, type Candidates } from '../adopt/candidates.ts';
import { twoWriters } from '../adopt/two-writers.ts';
import type { DesiredState } from '../desired/desired-state.ts';
import { diagnostic } from '../diagnostic.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { ForeignContainer, ObservedState } from '../observed/observed-state.ts';
import type { PlanRequest } from '../plan/plan.ts';
import { adoptedName } from './adopted.ts';
import type { Decided } from './decide.ts';
import type { DroppedInstance } from './dropped.ts';

/** The code of one that was adopted and is not known any more: a warning of `plan`, an error of `apply`. */
export const RECORD_LOST = 'STK429';

/**
 * What runs outside of the stack and is named like an instance that the stack has not: without `--adopt` a hint, with it what keeps
 * it from becoming that instance. Codes: STK423 to STK430.
 */
export function checkAdoption(
  desired: DesiredState,
  observed: ObservedState,
  request: PlanRequest,
  decided: readonly Decided[],
  dropped: readonly DroppedInstance[],
): readonly Diagnostic[] {
  const selected = new Set(decided.map(({ instance }) => instance.key));
  const found = candidates(desired, observed).filter(({ instance }) => selected.has(instance.key));
  if (request.adopt !== true) {
    const lost = found.flatMap((candidate) => unrecorded(candidate, observed));
    const harm = [...lost, ...twoWriters(found, desired)];
    return [...(harm.length > 0 ? harm : hints(found)), ...lostByGoingBack(request, dropped)];
  }
  return [
    ...found.flatMap(ambiguous),
    ...[...claims(found).values()].flatMap((wanted) => claimedTwice(wanted)),
    ...found.flatMap(takenByOthers),
    ...(request.offline ? [] : absent(observed, decided)),
  ];
}

function hints(found: readonly Candidates[]): readonly Diagnostic[] {
  const byContainer = new Map<string, (Candidates & { readonly one: ForeignContainer })[]>();
  for (const candidate of certain(found.map((one) => ({ ...one, isDoubtful: false })))) {
    const { key } = candidate.container;
    byContainer.set(key, [...(byContainer.get(key) ?? []), candidate]);
  }
  return [...byContainer.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const { container, instance, one } = first;
    const more = others.length === 0 ? '' : `, and ${others.length} more of \`${container.name}\``;
    return [
      diagnostic(
        'STK423',
        `\`${instance.name}\` runs outside of the stack, as container ${inWords(one)}${more}`,
        container.span,
        {
          severity: 'warning',
          help: `\`--adopt\` takes ${others.length === 0 ? 'it' : 'them'} over; without it a new one is made beside ${others.length === 0 ? 'it' : 'each'}`,
        },
      ),
    ];
  });
}

/** A second one would be made of what runs, on the same data: only what was adopted is in a network of the stack. */
function unrecorded(
  { container, instance, found }: Candidates,
  { ownNetworks }: Pick<ObservedState, 'ownNetworks'>,
): readonly Diagnostic[] {
  return found.flatMap(({ name, stack, networks }) => {
    const joined = networks.find((network) => ownNetworks.includes(network));
    if (joined === undefined || stack !== null) return [];
    return [
      diagnostic(
        RECORD_LOST,
        `container \`${name}\` is in network \`${joined}\`, as \`${instance.name}\` is once it is adopted, and there is no record of it`,
        container.span,
        {
          severity: 'warning',
          help: `\`stack apply --adopt\` writes that anew; if it is none of this stack: \`docker network disconnect ${joined} ${name}\``,
        },
      ),
    ];
  });
}

function ambiguous({ container, instance, found, isDoubtful }: Candidates): readonly Diagnostic[] {
  const [first] = found;
  if (found.length < 2) {
    if (!isDoubtful || first === undefined) return [];
    return [
      diagnostic(
        'STK424',
        `container ${inWords(first)} may be \`${instance.name}\`, but that project is not called like the stack`,
        container.span,
        {
          help: `say so if it is meant: \`adopt\` with \`${first.name}\` for \`${container.name}\`; \`"adopt": []\` adopts nothing`,
        },
      ),
    ];
  }
  return [
    diagnostic(
      'STK424',
      `more than one container may be \`${instance.name}\`: ${found.map(inWords).join(', ')}`,
      container.span,
      { help: `say which one is meant: \`"adopt": "${first?.name ?? ''}"\` for \`${container.name}\`` },
    ),
  ];
}

function claimedTwice(wanted: readonly Candidates[]): readonly Diagnostic[] {
  const [first, second] = wanted;
  if (first === undefined || second === undefined) return [];
  const one = first.found.find(({ id }) => second.found.some((other) => other.id === id));
  if (one === undefined) return [];
  const names = wanted.map(({ instance }) => `\`${instance.key}\``).join(' and ');
  return [
    diagnostic(
      'STK424',
      `container ${inWords(one)} may be ${names}, and one container becomes one instance`,
      second.container.span,
      { help: 'say who gets which with `adopt`: a list has a name for each instance, in their order' },
    ),
  ];
}

function takenByOthers({ container, instance, found }: Candidates): readonly Diagnostic[] {
  const [one, other] = found;
  if (one === undefined || other !== undefined || isAdoptable(one)) return [];
  const named = `container \`${one.name}\`, which is to become \`${instance.name}\`, is`;
  if (one.stack === null && one.swarm === null)
    return [
      diagnostic(
        'STK428',
        `${named} one that the engine removes when it stops, with its volumes without a name (\`--rm\`)`,
        container.span,
        {
          help: `nothing would lead back to it: save what it holds, stop it, and a plain \`stack apply\` makes a new one; \`"adopt": []\` adopts nothing`,
        },
      ),
    ];
  return [
    one.swarm === null
      ? diagnostic('STK425', `${named} of stack \`${one.stack ?? ''}\``, container.span, {
          help: 'take it out of the stack file of that stack first, or leave `--adopt` and `adopt` away',
        })
      : diagnostic(
          'STK425',
          `${named} of the Swarm service \`${one.swarm}\`, which would start it again`,
          container.span,
          {
            help: `\`docker service rm ${one.swarm}\` ends it; a plain \`stack apply\` then makes a new one`,
          },
        ),
  ];
}

/** Once its instance is there, the key is of no use any more, and does no harm. */
function absent({ foreign, containers }: ObservedState, decided: readonly Decided[]): readonly Diagnostic[] {
  const names = new Set([...foreign.map(({ name }) => name), ...containers.map((one) => one.engineName)]);
  return decided.flatMap(({ container, instance, standing }) => {
    const [name] = instance.adopt ?? [];
    if (container.mode === 'cron' || name === undefined || standing.current !== null || names.has(name))
      return [];
    return [
      diagnostic(
        'STK426',
        `there is no container \`${name}\` to become \`${instance.name}\``,
        container.span,
        {
          help: '`docker ps --all` lists what there is; without `--adopt` a new one is made',
        },
      ),
    ];
  });
}

/** Whoever goes back to a time before it was adopted would remove what ran then. */
function lostByGoingBack(
  { goesBack = false }: PlanRequest,
  dropped: readonly DroppedInstance[],
): readonly Diagnostic[] {
  if (!goesBack) return [];
  return dropped.flatMap(({ instance, containers }) => {
    const adopted = containers.find((one) => adoptedName(one) !== null);
    if (adopted === undefined) return [];
    return [
      diagnostic(
        'STK427',
        `that revision is from before \`${instance}\` was adopted, and would remove container \`${adopted.engineName}\`, which ran then as well`,
        null,
        {
          help: '`stack resume` goes on with an apply that was cut off; or apply the stack file of then with that container in it: `stack apply`',
        },
      ),
    ];
  });
}

function inWords({ name, compose }: ForeignContainer): string {
  return `\`${name}\`${compose === null ? '' : ` (of Compose project \`${compose.project}\`)`}`;
}
