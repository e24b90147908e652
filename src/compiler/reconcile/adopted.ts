import type { DesiredInstance } from '../desired/desired-state.ts';
import { fixedPorts, portName } from '../desired/host-port.ts';
import { baseOfInstance } from '../names.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { NodeId, Reason } from '../plan/plan.ts';
import type { Decided } from './decide.ts';
import type { RollScope } from './replace.ts';
import { existing } from './turn.ts';

type Made = Pick<ObservedContainer, 'spec'>;

/** The name under which a generation was started outside of the stack; null for one that stackc made. */
export function adoptedName({ spec }: Made): string | null {
  return spec?.adopted ?? null;
}

/**
 * What a generation is called while it is the current one. One that was started outside of the stack keeps its name until it is
 * replaced: containers that link to it find it again by that name when the engine starts (ADR 0018).
 */
export function currentName(made: Made, engineName: string): string {
  return adoptedName(made) ?? engineName;
}

/** Why it is replaced, or held: nothing that it was started with is compared. */
export function adoptedReason(name: string): Reason {
  return { kind: 'adopted', field: 'adopted', from: name, to: null };
}

/** A network that an adopted generation is to be on. */
interface Joining {
  readonly network: string;
  /** What it is called there besides its own name. */
  readonly aliases: readonly string[];
}

/**
 * The networks of its instance that an adopted generation is not on. One that nobody links to is left where it is when that would
 * bind its published ports anew.
 */
export function networksToJoin(
  { instance, standing: { current } }: Pick<Decided, 'instance' | 'standing'>,
  { linked }: Pick<RollScope, 'linked'>,
): readonly Joining[] {
  if (current === null || adoptedName(current) === null) return [];
  const { engineName, name, spec } = instance;
  if (spec.network !== 'stack' || current.spec?.network !== 'stack') return [];
  const own = { network: baseOfInstance(engineName, name), aliases: [engineName] };
  return [own, ...spec.networks.map((network) => ({ network, aliases: [] }))].filter(
    ({ network }) =>
      current.networks[network] === undefined && (linked.has(engineName) || !movesPorts(current, network)),
  );
}

/**
 * Whether the engine binds its published ports anew when it joins a network: it publishes them through the first of its networks by
 * name, and cuts what is connected when that is another one (libnetwork, `getGatewayEndpoint`).
 */
export function movesPorts(one: Pick<ObservedContainer, 'networks' | 'spec'>, network: string): boolean {
  if ((one.spec?.ports ?? []).length === 0) return false;
  return Object.keys(one.networks).every((known) => network < known);
}

/** Connects one that stays: links of the stack lead to the name of its instance, which it has there as an alias. */
export function joinNetworks(
  builder: PlanBuilder,
  decided: Decided,
  scope: Pick<RollScope, 'linked'>,
  after: readonly NodeId[],
): readonly NodeId[] {
  const { current } = decided.standing;
  if (current === null) return after;
  let last = after;
  for (const { network, aliases } of networksToJoin(decided, scope)) {
    const op = { kind: 'container.connect', target: existing(current), network, aliases } as const;
    last = [builder.add(decided.instance.key, `join ${network}`, op, last, 'the stack finds it there')];
  }
  return last;
}

/** The same for people. */
export function joinNotes(decided: Decided, scope: Pick<RollScope, 'linked'>): readonly string[] {
  return networksToJoin(decided, scope).map(({ network, aliases: [alias] }) =>
    alias === undefined
      ? `joins network ${network}`
      : `joins network ${network}, where it is ${alias} as well`,
  );
}

/**
 * What an adopted generation mounts and publishes and its successor does not: nothing else is compared with what was started outside
 * of the stack, and data that is not mounted again is missed only later. Its image's own volumes are told of all replaced.
 */
export function leftBehind(
  { spec }: Pick<DesiredInstance, 'spec'>,
  replaced: Pick<ObservedContainer, 'spec' | 'anonymousVolumes'>,
): readonly string[] {
  if (adoptedName(replaced) === null) return [];
  const mounts = (replaced.spec?.mounts ?? []).flatMap(({ source, target }) => {
    const next = spec.mounts.find((mount) => mount.target === target);
    if (next?.source === source || (next === undefined && replaced.anonymousVolumes.includes(target)))
      return [];
    return next === undefined
      ? [`the new one does not mount ${source} at ${target}: the file says nothing of it`]
      : [`the new one mounts ${next.source} at ${target}, not ${source}: what is in that stays there`];
  });
  const published = new Set(fixedPorts(spec.ports).map(portName));
  // In the host's network whatever it listens on is a port of the host.
  const ports = (spec.network === 'host' ? [] : fixedPorts(replaced.spec?.ports ?? [])).filter(
    (port) => !published.has(portName(port)),
  );
  return [
    ...mounts,
    ...ports.map((port) => `the new one does not publish port ${portName(port)} of the host`),
  ];
}
