import type { ContainerKey, DesiredContainer, DesiredState } from '../desired/desired-state.ts';
import { canonicalJson } from '../desired/canonical-json.ts';
import { labels } from '../labels.ts';
import type { ObservedAgent, ObservedState } from '../observed/observed-state.ts';
import type { AgentSpec } from '../plan/agent-spec.ts';
import { metricsPlaces } from '../plan/metrics-places.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import { isOfPart } from '../plan/plan.ts';
import type { Change, NodeId, PlanRequest, Reason, Subject } from '../plan/plan.ts';
import { recordAdoptions, type Recorded } from './record-adoptions.ts';
import { agentParts } from './agent-parts.ts';
import { agentAction, hasHealed, hasJobs, joinedNetworks, scales, strayAgents } from './agents.ts';
import { buildImages } from './builds.ts';
import { pendingMigrations } from './migrations.ts';
import type { MigrationScope } from './migrations.ts';
import { shortId } from '../short-id.ts';
import { plainChange } from './plain-change.ts';
import { field, listReason } from './spec-reasons.ts';

/** What every instance waits for, and the changes that it consists of. */
export interface Preparation {
  readonly ready: readonly NodeId[];
  readonly changes: readonly Change[];
}

/** What a plan works on, and with. */
interface Need extends MigrationScope {
  readonly agents: readonly AgentSpec[];
}

/**
 * Everything that comes before the first container is touched. Where an agent is to be made, or started, all else waits
 * for it: nothing is done that it has not written down. An image that cannot be had leaves no volume behind.
 *
 *   networks, volumes of the agent → agents → what is adopted is written down → builds → pulls → volumes
 */
export function prepare(
  builder: PlanBuilder,
  desired: DesiredState,
  observed: ObservedState,
  request: PlanRequest,
  need: Need,
): Preparation {
  const changes: Change[] = [];
  // A migration is run from its container's image and mounts, also where that container itself is left alone.
  const migrating = pendingMigrations(desired.containers, observed, need)
    .filter(({ adopt }) => adopt === null)
    .map(({ owner }) => owner);
  const used = new Set([...need.starting, ...migrating.map(({ key }) => key)]);
  const scope = { ...need, starting: used };
  const mounted = new Set(need.agents.flatMap(({ volumes }) => volumes));
  const wanted = missingVolumes(desired, observed, { ...need, migrating });
  const [first, later] = [true, false].map((isFirst) =>
    wanted.filter((v) => mounted.has(v.name) === isFirst),
  );
  const places = [
    ...createNetworks(builder, desired, observed, scope, changes),
    ...createVolumes(builder, desired.stack, first ?? [], [], changes),
  ];
  let agents: readonly NodeId[] = [];
  for (const spec of need.agents) {
    const raised = raiseAgent(builder, spec, desired, observed, request, [...places, ...agents], changes);
    if (raised.length > 0) agents = raised;
  }
  const recorded = recordedIn(recordAdoptions(builder, desired, observed, request, agents), changes);
  const begun = recorded.length > 0 ? recorded : agents;
  const scene = { starting: used, selected: need.selected, after: begun };
  const builds = buildImages(builder, desired, observed, scene, changes);
  const pulls = pullImages(builder, desired, used, builds.length === 0 ? begun : builds, changes);
  const images = [...builds, ...pulls];
  const volumes = createVolumes(builder, desired.stack, later ?? [], [...begun, ...images], changes);
  if (!isOfPart(request)) removeStrayAgents(builder, desired.stack, observed, agents, changes);
  return {
    ready: builder.join('prepare', 'done', [...places, ...agents, ...recorded, ...images, ...volumes]),
    changes,
  };
}

function recordedIn(recorded: readonly Recorded[], changes: Change[]): readonly NodeId[] {
  for (const { id, names, notes } of recorded)
    changes.push(plainChange(id, { kind: 'adoption', name: names }, 'adopt', [], notes));
  return recorded.map(({ node }) => node);
}

/** Two that work on the same sockets are one too many. */
function removeStrayAgents(
  builder: PlanBuilder,
  stack: string,
  observed: ObservedState,
  after: readonly NodeId[],
  changes: Change[],
): void {
  for (const { name, id } of strayAgents(stack, observed)) {
    const group = `agent ${name}`;
    const reason: Reason = { kind: 'drift', field: 'agent', from: name, to: null };
    changes.push(plainChange(group, { kind: 'agent', name }, 'remove', [reason]));
    builder.add(group, 'remove', { kind: 'agent.remove', name, id }, after, 'nobody asks it');
  }
}

function pullImages(
  builder: PlanBuilder,
  desired: DesiredState,
  starting: ReadonlySet<ContainerKey>,
  after: readonly NodeId[],
  changes: Change[],
): readonly NodeId[] {
  const nodes: NodeId[] = [];
  const seen = new Set<string>();
  for (const { key, image, template } of desired.containers) {
    if (image.pull === null || !starting.has(key) || seen.has(image.reference)) continue;
    seen.add(image.reference);
    const id = `image ${image.reference}`;
    const { digest, by, why } = image.pull;
    const { platform } = template.spec;
    const named = by === undefined ? {} : { by };
    const op = { kind: 'image.pull', reference: image.reference, digest, ...named, platform } as const;
    nodes.push(builder.add(id, 'pull', op, after, why));
    const reason: Reason = {
      kind: 'missing',
      field: 'image',
      from: null,
      to: digest === null ? null : shortId(digest),
    };
    changes.push(plainChange(id, { kind: 'image', name: image.reference }, 'pull', [reason], [why]));
  }
  return nodes;
}

function createNetworks(
  builder: PlanBuilder,
  desired: DesiredState,
  observed: ObservedState,
  { starting, agents }: Pick<Need, 'starting' | 'agents'>,
  changes: Change[],
): readonly NodeId[] {
  // The agent is on all of them, and cannot start where one is missing.
  if (starting.size === 0 && agents.every(({ networks }) => networks.length === 0)) return [];
  const present = new Set(observed.networks);
  return desired.networks
    .filter((network) => !present.has(network.name))
    .map(({ name, application }) => {
      const id = `network ${name}`;
      changes.push(plainChange(id, { kind: 'network', name }, 'create', [missing('network')]));
      const own = { [labels.stack]: desired.stack, [labels.application]: application };
      const op = { kind: 'network.create', network: name, labels: own } as const;
      return builder.add(id, 'create', op, [], 'missing');
    });
}

function missingVolumes(
  desired: DesiredState,
  observed: ObservedState,
  {
    selected,
    agents,
    migrating,
  }: Pick<Need, 'selected' | 'agents'> & { readonly migrating: readonly DesiredContainer[] },
): DesiredState['volumes'] {
  const present = new Set([...observed.volumes.map((v) => v.name), ...observed.foreignVolumes]);
  // Whatever is mounted is made here first: the engine would make it by itself, without the labels that make it ours.
  const used = new Set(agents.flatMap(({ volumes }) => volumes));
  for (const container of desired.containers) {
    const instance = selected.has(container.key) ? container.instances[0] : undefined;
    for (const mount of instance?.spec.mounts ?? []) used.add(mount.source);
  }
  for (const { template } of migrating) for (const mount of template.spec.mounts) used.add(mount.source);
  const everything = selected.size === desired.containers.length;
  return desired.volumes.filter(
    (v) => !v.adopted && !present.has(v.name) && (everything || used.has(v.name)),
  );
}

function createVolumes(
  builder: PlanBuilder,
  stack: string,
  volumes: DesiredState['volumes'],
  after: readonly NodeId[],
  changes: Change[],
): readonly NodeId[] {
  return volumes.map((volume) => {
    const id = `volume ${volume.name}`;
    changes.push(plainChange(id, { kind: 'volume', name: volume.name }, 'create', [missing('volume')]));
    const own = {
      [labels.stack]: stack,
      [labels.application]: volume.application,
      [labels.dataVolume]: volume.dataVolume,
      [labels.path]: volume.path,
    };
    const op = { kind: 'volume.create', volume: volume.name, labels: own } as const;
    return builder.add(id, 'create', op, after, 'missing');
  });
}

function raiseAgent(
  builder: PlanBuilder,
  spec: AgentSpec,
  desired: DesiredState,
  observed: ObservedState,
  request: PlanRequest,
  places: readonly NodeId[],
  changes: Change[],
): readonly NodeId[] {
  const { action, existing } = agentAction(spec, observed);
  if (action === 'none') return [];
  const id = `agent ${spec.name}`;
  const subject: Subject = { kind: 'agent', name: spec.name };
  const after: NodeId[] = [...places];
  if (action !== 'start' && !request.agentImagePresent) {
    const image = `image ${spec.image}`;
    const built = builder.nodes.find((node) => node.group === image)?.id;
    if (built === undefined) {
      changes.push(plainChange(image, { kind: 'image', name: spec.image }, 'build', [missing('image')]));
      after.push(builder.add(image, 'build', { kind: 'agent.build', image: spec.image }, [], 'missing'));
    } else after.push(built);
  }
  const reason: Reason =
    action === 'replace' && existing !== null
      ? agentReason(existing, spec)
      : action === 'start'
        ? stateReason(existing)
        : missing('agent');
  const notes =
    spec.engineSocket === undefined || action === 'start'
      ? []
      : [`${tasks(desired)}, and has the engine's socket for it: \`${spec.engineSocket}\``];
  changes.push(plainChange(id, subject, action, [reason], notes));
  let last: readonly NodeId[] = after;
  if (action === 'replace' && existing !== null) {
    last = [
      builder.add(id, 'remove', { kind: 'agent.remove', name: spec.name, id: existing.id }, last, 'replaced'),
    ];
  }
  if (action !== 'start')
    last = [builder.add(id, 'create', { kind: 'agent.create', agent: spec }, last, 'needed')];
  return [builder.add(id, 'start', { kind: 'agent.start', agent: spec }, last, 'needed')];
}

/** What the agent with the engine's socket is there for. */
function tasks(desired: DesiredState): string {
  const all = [
    ...(hasJobs(desired) ? ['starts jobs'] : []),
    ...((hasJobs(desired) || scales(desired) ? hasHealed(desired) : desired.heals)
      ? ['heals instances']
      : []),
    ...(scales(desired) ? ['scales instances'] : []),
    ...(desired.metrics === null ? [] : [`serves metrics at ${metricsPlaces(desired.metrics)}`]),
  ];
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
}

/** Which part of an agent differs; its label is the JSON of the spec that it was made from. */
function agentReason(existing: ObservedAgent, spec: AgentSpec): Reason {
  if (existing.spec === canonicalJson(spec)) {
    const drift = listReason('networks', joinedNetworks(existing), spec.networks);
    return drift === null ? stateReason(existing) : { ...drift, kind: 'drift' };
  }
  const before = agentParts(existing.spec);
  if (before !== null && before.image !== spec.image) return field('image', before.image, spec.image);
  const [served, wanted] = [before?.metrics, spec.metrics].map((one) => (one ? metricsPlaces(one) : null));
  if (before !== null && served !== wanted) return field('metrics', served ?? null, wanted ?? null);
  if (before?.engineSocket !== undefined && before.engineSocket !== spec.engineSocket)
    return field('engine_socket', before.engineSocket, spec.engineSocket ?? null);
  const differs =
    before === null
      ? null
      : (listReason('volumes', before.volumes, spec.volumes) ??
        listReason('networks', before.networks, spec.networks));
  return differs ?? field('agent', 'of another version', 'of this one');
}

function stateReason(existing: ObservedAgent | null): Reason {
  return { kind: 'drift', field: 'state', from: existing?.state ?? null, to: 'running' };
}

function missing(what: string): Reason {
  return { kind: 'missing', field: what, from: null, to: null };
}
