import { instanceKey } from '../compiler/desired/keys.ts';
import type { InstanceSpec } from '../compiler/desired/instance-spec.ts';
import { labels } from '../compiler/labels.ts';
import type {
  ContainerState,
  ObservedAgent,
  ObservedContainer,
  ObservedRun,
  ObservedState,
  ObservedVolume,
  Phase,
} from '../compiler/observed/observed-state.ts';
import { ownerState } from './run-owner.ts';
import type { ContainerDetails, ContainerSummary, Engine, VolumeSummary } from './engine.ts';

/**
 * Looks at everything of a stack once: one list call each for containers, volumes and networks (GET
 * /containers/json, /volumes, /networks), then an inspect for each container that is compared with the file.
 *
 * `extraNetworks` are networks of others that the file joins; those that exist are part of the result.
 * Rejects with `EngineError`. Labels that cannot be read never do: a broken spec is null, and a container
 * without the labels of an instance is not ours.
 */
export async function observe(
  engine: Engine,
  stack: string,
  extraNetworks: readonly string[],
): Promise<ObservedState> {
  const mine = [`${labels.stack}=${stack}`];
  const listing = engine.listContainers(mine);
  const [summaries, containers, volumes, networks, extra] = await Promise.all([
    listing,
    listing.then((rows) => observeContainers(engine, rows)),
    engine.listVolumes(mine),
    engine.listNetworks(mine),
    Promise.all(
      extraNetworks.map(async (name) => ((await engine.inspectNetwork(name)) === null ? [] : [name])),
    ),
  ]);
  return {
    containers,
    volumes: volumes.map(observedVolume).sort((a, b) => compare(a.name, b.name)),
    // Known only once the file is resolved.
    foreignVolumes: [],
    foreignPorts: [],
    networks: [...new Set([...networks, ...extra.flat()])].sort(),
    ownNetworks: [...networks].sort(),
    agents: observedAgents(summaries),
    runs: observedRuns(summaries),
  };
}

/**
 * What a generation is, told by its name: `shop-app0` is current, `shop-app0.4.next` is not. A name that somebody
 * gave by hand counts as current; the planner knows which name is right.
 */
export function phaseOf(engineName: string): Phase {
  const suffix = /\.\d+\.(next|old|failed)$/.exec(engineName)?.[1];
  return suffix === 'next' || suffix === 'old' || suffix === 'failed' ? suffix : 'current';
}

async function observeContainers(
  engine: Engine,
  summaries: readonly ContainerSummary[],
): Promise<readonly ObservedContainer[]> {
  const compared = summaries.filter((summary) => identityOf(summary.labels) !== null);
  const details = await Promise.all(compared.map(({ id }) => engine.inspectContainer(id)));
  return details
    .flatMap((found) => {
      // Null: removed between the list and the inspect.
      const identity = found === null ? null : identityOf(found.labels);
      return found === null || identity === null ? [] : [observedContainer(found, identity)];
    })
    .sort(
      (a, b) => compare(a.key, b.key) || a.generation - b.generation || compare(a.engineName, b.engineName),
    );
}

interface Identity {
  readonly role: 'instance' | 'migration';
  readonly application: string;
  readonly container: string;
  readonly instance: string;
  readonly generation: number;
}

/** Null for what is not compared with the file: agents, single runs, and what carries our stack's label by accident. */
function identityOf(found: Readonly<Record<string, string>>): Identity | null {
  const role = found[labels.role];
  const application = found[labels.application];
  const container = found[labels.container];
  if ((role !== 'instance' && role !== 'migration') || !application || !container) return null;
  const instance = found[labels.instance] ?? (role === 'migration' ? container : undefined);
  if (!instance) return null;
  const generation = Number(found[labels.generation] ?? '0');
  return {
    role,
    application,
    container,
    instance,
    generation: Number.isSafeInteger(generation) && generation >= 0 ? generation : 0,
  };
}

function observedContainer(details: ContainerDetails, identity: Identity): ObservedContainer {
  const engineName = details.name.replace(/^\//, '');
  return {
    id: details.id,
    engineName,
    ...identity,
    key: instanceKey(identity.application, identity.instance),
    phase: phaseOf(engineName),
    state: details.state,
    exitCode: details.exitCode,
    startedAt: details.startedAt === '' ? null : details.startedAt,
    health: details.health,
    imageId: details.imageId,
    spec: identity.role === 'instance' ? specOf(details.labels) : null,
    env: details.env,
    command: details.command,
    entrypoint: details.entrypoint,
    restart: details.restart,
    networks: details.networks,
    anonymousVolumes: details.mounts
      .filter(({ type, name }) => type === 'volume' && /^[0-9a-f]{64}$/.test(name))
      .map(({ target }) => target)
      .sort(),
    memory: details.memory,
    nanoCpus: details.nanoCpus,
    migration: identity.role === 'migration' ? migrationRecord(details) : null,
  };
}

/** The spec that a container was made from, by its label; null when that cannot be read. */
export function specOf(own: Readonly<Record<string, string>>): InstanceSpec | null {
  const value = parseJson(own[labels.spec]);
  return isInstanceSpec(value) ? value : null;
}

const LISTS: readonly (keyof InstanceSpec)[] = [
  'env',
  'maskedEnv',
  'mounts',
  'ports',
  'networks',
  'links',
  'capAdd',
  'capDrop',
  'ulimits',
  'devices',
  'securityOpt',
  'extraHosts',
];

const RECORDS: readonly (keyof InstanceSpec)[] = ['restart', 'tmpfs', 'sysctls', 'labels'];

/**
 * We write the label ourselves, every field of a version always present; so the version vouches for the fields, and
 * a look at what is walked over keeps a label made by hand from breaking anything. Another version's fields may
 * mean something else.
 */
function isInstanceSpec(value: unknown): value is InstanceSpec {
  return (
    isRecord(value) &&
    value['version'] === 1 &&
    typeof value['image'] === 'string' &&
    LISTS.every((key) => Array.isArray(value[key])) &&
    RECORDS.every((key) => isRecord(value[key]))
  );
}

/** The image a migration ran on and its displayed words; without a readable label, the words the engine has. */
function migrationRecord(details: ContainerDetails): ObservedContainer['migration'] {
  const value = parseJson(details.labels[labels.spec]);
  const written: unknown = isRecord(value) ? value['command'] : value;
  const command =
    Array.isArray(written) && written.every((word) => typeof word === 'string')
      ? written
      : (details.command ?? []);
  return { imageId: details.labels[labels.migrationImage] ?? details.imageId, command };
}

function observedVolume(volume: VolumeSummary): ObservedVolume {
  return {
    name: volume.name,
    application: volume.labels[labels.application] ?? '',
    dataVolume: volume.labels[labels.dataVolume] ?? '',
    path: volume.labels[labels.path] ?? '',
  };
}

function observedAgents(summaries: readonly ContainerSummary[]): readonly ObservedAgent[] {
  return summaries
    .filter((summary) => summary.labels[labels.role] === 'agent')
    .map((summary) => ({
      name: summary.name.replace(/^\//, ''),
      id: summary.id,
      running: summary.state === 'running',
      spec: summary.labels[labels.spec] ?? '',
      networks: summary.networks,
    }))
    .sort((a, b) => compare(a.name, b.name));
}

function observedRuns(summaries: readonly ContainerSummary[]): readonly ObservedRun[] {
  return summaries
    .filter((summary) => summary.labels[labels.role] === 'run')
    .map(
      ({ id, name, state, labels: own }): ObservedRun => ({
        id,
        engineName: name.replace(/^\//, ''),
        application: own[labels.application] ?? '',
        container: own[labels.container] ?? '',
        state,
        abandoned: isAbandoned(own[labels.runOwner], state),
        spec: specOf(own),
      }),
    )
    .sort((a, b) => compare(a.engineName, b.engineName));
}

/** Without a trace of its owner, only a run that is over is nobody's. */
function isAbandoned(owner: string | undefined, state: ContainerState): boolean {
  const found = ownerState(owner);
  return found === 'unknown' ? state === 'exited' || state === 'dead' : found === 'gone';
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? null : (JSON.parse(text) as unknown);
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
