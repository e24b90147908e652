import type { DesiredState } from '../desired/desired-state.ts';
import { fixedPorts, portName, portsOverlap } from '../desired/host-port.ts';
import type { HostPort } from '../desired/host-port.ts';
import { diagnostic } from '../diagnostic.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { ForeignPort, ObservedState } from '../observed/observed-state.ts';
import { lackingMetricsPort } from './agents.ts';
import type { Decided } from './decide.ts';
import type { DroppedInstance } from './dropped.ts';
import { STARTING } from './mode-table.ts';

/** The code of a host port that somebody else has: a warning of `plan`, an error of `apply`. */
export const PORT_TAKEN = 'STK417';

/** Who has a port, in words, and what to do about it. */
interface Holder {
  readonly ports: readonly HostPort[];
  readonly words: string;
  readonly help: string;
}

/**
 * Ports of the host that a container of the plan wants and cannot get: a container that is not of the stack publishes
 * them, or one of the stack that stays as it is; `adoptable` are those, by name, that might become one of the stack. What is replaced or leaves gives them up in time.
 */
export function takenPorts(
  decided: readonly Decided[],
  dropped: readonly DroppedInstance[],
  observed: ObservedState,
  adoptable: ReadonlySet<string>,
): readonly Diagnostic[] {
  const starting = decided.filter(({ decision }) => STARTING.has(decision));
  if (!starting.some((d) => wantedPorts(d).length > 0)) return [];
  const holders = [
    ...observed.foreignPorts.map((port) => foreignHolder(port, adoptable)),
    ...ownHolders(decided, dropped, observed),
  ];
  const found = new Map<string, Diagnostic>();
  for (const d of starting) {
    for (const port of wantedPorts(d)) {
      for (const { ports, words, help } of holders) {
        // A range that is taken is told of once.
        const key = `${d.instance.key} ${words}`;
        if (found.has(key) || !ports.some((taken) => portsOverlap(taken, port))) continue;
        const message = `port ${portName(port)} of the host, which \`${d.instance.name}\` wants, is published by ${words}`;
        found.set(key, diagnostic(PORT_TAKEN, message, d.container.span, { severity: 'warning', help }));
      }
    }
  }
  return [...found.values()];
}

/** The same for the port of the agent that serves metrics. It is made first: what leaves in the same plan still has its own. */
export function takenMetricsPort(desired: DesiredState, observed: ObservedState): readonly Diagnostic[] {
  const port = lackingMetricsPort(desired, observed);
  if (port === null || desired.metrics === null) return [];
  const own = observed.containers
    .filter(({ role, state }) => role === 'instance' && isUp(state))
    .map(({ instance, spec }) => ({
      ports: fixedPorts(spec?.ports ?? []),
      words: `\`${instance}\`, which runs`,
      help: 'choose another port, or apply once without `metrics`: the agent is made before a container gives its port up',
    }));
  const holders = [...observed.foreignPorts.map((one) => foreignHolder(one, new Set())), ...own];
  const holder = holders.find(({ ports }) => ports.some((taken) => portsOverlap(taken, port)));
  if (holder === undefined) return [];
  const message = `port ${portName(port)} of the host, which \`agent.metrics\` wants, is published by ${holder.words}`;
  return [diagnostic(PORT_TAKEN, message, desired.metrics.span, { severity: 'warning', help: holder.help })];
}

/** One that is held starts as it was made. */
function wantedPorts({ decision, instance, standing }: Decided): readonly HostPort[] {
  return fixedPorts(decision === 'start-held' ? (standing.current?.spec?.ports ?? []) : instance.spec.ports);
}

function foreignHolder(port: ForeignPort, adoptable: ReadonlySet<string>): Holder {
  const owner = port.owner === null ? '' : ` (of ${port.owner.kind} \`${port.owner.name}\`)`;
  return {
    ports: [port],
    words: `container \`${port.container}\`${owner}`,
    help: adoptable.has(port.container)
      ? '`--adopt` takes that container over, and it gives the port up in its turn'
      : 'stop that container first, or choose another port or address of the host',
  };
}

function ownHolders(
  decided: readonly Decided[],
  dropped: readonly DroppedInstance[],
  observed: ObservedState,
): readonly Holder[] {
  const moving = new Set([
    ...decided.filter(({ decision }) => STARTING.has(decision)).map(({ instance }) => instance.key),
    ...dropped.map(({ key }) => key),
  ]);
  const held = new Set(
    decided.filter(({ decision }) => decision === 'hold').map(({ instance }) => instance.key),
  );
  return observed.containers
    .filter(({ role, state, key }) => role === 'instance' && isUp(state) && !moving.has(key))
    .map(({ key, instance, spec }) => ({
      ports: fixedPorts(spec?.ports ?? []),
      words: `\`${instance}\`, which ${held.has(key) ? 'is held' : 'this plan leaves as it is'}`,
      help: held.has(key)
        ? `\`--include ${instance}\` replaces it by what the file says`
        : `name it too (\`--only ${instance}\`), or leave \`--only\` away`,
    }));
}

function isUp(state: ObservedState['containers'][number]['state']): boolean {
  return state === 'running' || state === 'restarting' || state === 'paused';
}
