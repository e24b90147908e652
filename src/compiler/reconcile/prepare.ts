import type { ContainerKey, DesiredState } from '../desired/desired-state.ts';
import { canonicalJson } from '../desired/canonical-json.ts';
import { labels } from '../labels.ts';
import type { ObservedState } from '../observed/observed-state.ts';
import type { AgentSpec } from '../plan/agent-spec.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { Action, Change, NodeId, PlanRequest, Reason, Subject } from '../plan/plan.ts';
import { agentAction } from './agents.ts';
import { shortId } from '../short-id.ts';

/** What every instance waits for, and the changes that it consists of. */
export interface Preparation {
  readonly ready: readonly NodeId[];
  readonly changes: readonly Change[];
}

/** Everything that comes before the first container is touched: pulls, networks, volumes, agents. */
export function prepare(
  builder: PlanBuilder,
  desired: DesiredState,
  observed: ObservedState,
  request: PlanRequest,
  need: {
    /** Containers with an instance to create, replace or start. */
    readonly starting: ReadonlySet<ContainerKey>;
    readonly selected: ReadonlySet<ContainerKey>;
    readonly agents: readonly AgentSpec[];
  },
): Preparation {
  const changes: Change[] = [];
  const pulls = pullImages(builder, desired, need.starting, changes);
  const places = [
    ...createNetworks(builder, desired, observed, need.starting, changes),
    ...createVolumes(builder, desired, observed, need.selected, changes),
  ];
  const agents = need.agents.flatMap((spec) => [
    ...raiseAgent(builder, spec, observed, request, places, changes),
  ]);
  return { ready: builder.join('prepare', 'done', [...pulls, ...places, ...agents]), changes };
}

function pullImages(
  builder: PlanBuilder,
  desired: DesiredState,
  starting: ReadonlySet<ContainerKey>,
  changes: Change[],
): readonly NodeId[] {
  const nodes: NodeId[] = [];
  const seen = new Set<string>();
  for (const { key, image, template } of desired.containers) {
    if (image.pull === null || !starting.has(key) || seen.has(image.reference)) continue;
    seen.add(image.reference);
    const id = `image ${image.reference}`;
    const { digest, why } = image.pull;
    nodes.push(
      builder.add(
        id,
        'pull',
        { kind: 'image.pull', reference: image.reference, digest, platform: template.spec.platform },
        [],
        why,
      ),
    );
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
  starting: ReadonlySet<ContainerKey>,
  changes: Change[],
): readonly NodeId[] {
  if (starting.size === 0) return [];
  const present = new Set(observed.networks);
  return desired.networks
    .filter((network) => !present.has(network.name))
    .map(({ name, application }) => {
      const id = `network ${name}`;
      changes.push(plainChange(id, { kind: 'network', name }, 'create', [missing('network')]));
      const own = { [labels.stack]: desired.stack, [labels.application]: application };
      return builder.add(id, 'create', { kind: 'network.create', network: name, labels: own }, [], 'missing');
    });
}

function createVolumes(
  builder: PlanBuilder,
  desired: DesiredState,
  observed: ObservedState,
  selected: ReadonlySet<ContainerKey>,
  changes: Change[],
): readonly NodeId[] {
  const present = new Set(observed.volumes.map((v) => v.name));
  const used = new Set<string>();
  for (const container of desired.containers) {
    if (!selected.has(container.key)) continue;
    for (const mount of container.instances[0]?.spec.mounts ?? []) used.add(mount.source);
  }
  const everything = selected.size === desired.containers.length;
  return desired.volumes
    .filter((v) => !v.adopted && !present.has(v.name) && (everything || used.has(v.name)))
    .map((volume) => {
      const id = `volume ${volume.name}`;
      changes.push(plainChange(id, { kind: 'volume', name: volume.name }, 'create', [missing('volume')]));
      const own = {
        [labels.stack]: desired.stack,
        [labels.application]: volume.application,
        [labels.dataVolume]: volume.dataVolume,
        [labels.path]: volume.path,
      };
      return builder.add(
        id,
        'create',
        { kind: 'volume.create', volume: volume.name, labels: own },
        [],
        'missing',
      );
    });
}

function raiseAgent(
  builder: PlanBuilder,
  spec: AgentSpec,
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
    action === 'replace'
      ? agentReason(existing?.spec ?? '', spec)
      : action === 'start'
        ? { kind: 'drift', field: 'state', from: 'stopped', to: 'running' }
        : missing('agent');
  changes.push(plainChange(id, subject, action, [reason]));
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

/** Which part of an agent differs; its label is the JSON of the spec that it was made from. */
function agentReason(before: string, spec: AgentSpec): Reason {
  for (const part of ['image', 'volumes', 'networks'] as const) {
    const to = canonicalJson(spec[part]);
    if (!before.includes(`"${part}":${to}`)) return { kind: 'field', field: part, from: null, to };
  }
  return { kind: 'field', field: 'agent', from: null, to: canonicalJson(spec) };
}

function missing(field: string): Reason {
  return { kind: 'missing', field, from: null, to: null };
}

/** A change without generations. */
export function plainChange(
  id: string,
  subject: Subject,
  action: Action,
  reasons: readonly Reason[],
  notes: readonly string[] = [],
): Change {
  return {
    id,
    subject,
    action,
    reasons,
    from: null,
    to: null,
    strategy: null,
    gate: null,
    waitsFor: [],
    notes,
  };
}
