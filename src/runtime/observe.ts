import { jobFrom } from '../compiler/cron/read-job.ts';
import { instanceKey } from '../compiler/desired/keys.ts';
import type { RecordedSpec } from '../compiler/desired/instance-spec.ts';
import { labels } from '../compiler/labels.ts';
import type {
  ContainerState,
  ObservedAdoption,
  ObservedAgent,
  ObservedContainer,
  ObservedFiles,
  ObservedJobRun,
  ObservedKept,
  ObservedRun,
  ObservedState,
  ObservedVolume,
  Phase,
} from '../compiler/observed/observed-state.ts';
import { observeFiles } from './files/observe-files.ts';
import { observeLinks } from './observe-links.ts';
import { adoptedIn, isRecord, parseJson, specOf } from './parse-spec.ts';
import { ownerState } from './run-owner.ts';
import type { ContainerDetails, ContainerSummary, Engine, VolumeSummary } from './engine.ts';

/**
 * Looks at everything of a stack once: one list call each for containers, volumes and networks (GET
 * /containers/json, /volumes, /networks), then an inspect for each container that is compared with the file, and a look
 * at each published socket.
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
  const [summaries, own, adopted, links, volumes, networks, extra] = await Promise.all([
    listing,
    listing.then((rows) => observeContainers(engine, rows)),
    listing.then((rows) => observeAdopted(engine, rows)),
    listing.then((rows) => observeLinks(engine, rows, observedAgents(rows))),
    engine.listVolumes(mine),
    engine.listNetworks(mine),
    Promise.all(
      extraNetworks.map(async (name) => ((await engine.inspectNetwork(name)) === null ? [] : [name])),
    ),
  ]);
  const compared = own.filter(({ role }) => role !== 'template');
  return {
    containers: adopted.length === 0 ? compared : [...compared, ...adopted].sort(byInstance),
    templates: own.filter(({ role }) => role === 'template'),
    lostTemplates: [],
    jobRuns: observedJobRuns(summaries),
    volumes: volumes.map(observedVolume).sort((a, b) => compare(a.name, b.name)),
    // Known only once the file is resolved, and where a plan has something to do.
    foreignVolumes: [],
    foreignPorts: [],
    foreignNames: [],
    foreign: [],
    balancers: new Map(),
    migrates: null,
    networks: [...new Set([...networks, ...extra.flat()])].sort(),
    ownNetworks: [...networks].sort(),
    agents: observedAgents(summaries),
    links,
    adoptions: observedAdoptions(summaries),
    runs: observedRuns(summaries),
    kept: observedKept(summaries),
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
  const observed = await Promise.all(
    details.map(async (found) => {
      // Null: removed between the list and the inspect.
      const identity = found === null ? null : identityOf(found.labels);
      if (found === null || identity === null) return [];
      const spec = identity.role === 'migration' ? null : specOf(found.labels);
      const files = await observeFiles(engine, found.id, spec?.files ?? []);
      return [observedContainer(found, identity, spec, files)];
    }),
  );
  return observed.flat().sort(byInstance);
}

/** What the records of adoptions name and the engine still has (ADR 0018). */
async function observeAdopted(
  engine: Engine,
  summaries: readonly ContainerSummary[],
): Promise<readonly ObservedContainer[]> {
  const entries = summaries.flatMap(({ labels: own }) => adoptedIn(own));
  const observed = await Promise.all(
    entries.map(async ({ id, spec, ...identity }) => {
      const found = await engine.inspectContainer(id);
      return found === null ? [] : [adoptedContainer(found, identity, spec)];
    }),
  );
  return observed.flat();
}

/** A container without labels of ours, as generation 0 of an instance. */
export function adoptedContainer(
  found: ContainerDetails,
  identity: Pick<Identity, 'application' | 'container' | 'instance'>,
  spec: RecordedSpec,
): ObservedContainer {
  const whole = { ...identity, role: 'instance', generation: 0 } as const;
  const observed = observedContainer(found, whole, spec, { found: [], reloading: false });
  // Whatever it was called then is no phase of ours.
  return observed.engineName === spec.adopted ? { ...observed, phase: 'current' } : observed;
}

/** The order of all containers of a stack. */
export function byInstance(a: ObservedContainer, b: ObservedContainer): number {
  return compare(a.key, b.key) || a.generation - b.generation || compare(a.engineName, b.engineName);
}

interface Identity {
  readonly role: ObservedContainer['role'];
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
  if (role !== 'instance' && role !== 'migration' && role !== 'template') return null;
  if (!application || !container) return null;
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

function observedContainer(
  details: ContainerDetails,
  identity: Identity,
  spec: ObservedContainer['spec'],
  files: ObservedFiles,
): ObservedContainer {
  const engineName = details.name;
  return {
    id: details.id,
    engineName,
    ...identity,
    key: instanceKey(identity.application, identity.instance),
    phase: phaseOf(engineName),
    state: details.state,
    exitCode: details.exitCode,
    restarts: details.restartCount,
    startedAt: details.startedAt === '' ? null : details.startedAt,
    health: details.health,
    imageId: details.imageId,
    spec,
    env: details.env,
    command: details.command,
    entrypoint: details.entrypoint,
    restart: details.restart,
    stopSignal: details.stopSignal,
    stopTimeoutS: details.stopTimeoutS,
    networks: details.networks,
    anonymousVolumes: details.mounts
      .filter(({ type, name }) => type === 'volume' && /^[0-9a-f]{64}$/.test(name) && !isOfData(name, spec))
      .map(({ target }) => target)
      .sort(),
    memory: details.memory,
    nanoCpus: details.nanoCpus,
    files,
    job: identity.role === 'template' ? jobFrom(parseJson(details.labels[labels.job])) : null,
    migration: identity.role === 'migration' ? migrationRecord(details) : null,
  };
}

/** Those of a data-only container have no name either, and are mounted again. */
function isOfData(volume: string, spec: ObservedContainer['spec']): boolean {
  return (spec?.mounts ?? []).some(({ source, dataVolume }) => source === volume && dataVolume !== null);
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

export function observedAgents(summaries: readonly ContainerSummary[]): readonly ObservedAgent[] {
  return summaries
    .filter((summary) => summary.labels[labels.role] === 'agent')
    .map((summary) => ({
      name: summary.name,
      id: summary.id,
      state: summary.state,
      spec: summary.labels[labels.spec] ?? '',
      networks: summary.networks,
    }))
    .sort((a, b) => compare(a.name, b.name));
}

function observedAdoptions(summaries: readonly ContainerSummary[]): readonly ObservedAdoption[] {
  return summaries
    .filter((summary) => summary.labels[labels.role] === 'adopted')
    .map(({ name, labels: own }) => ({
      engineName: name,
      isRecorded: true,
      containers: adoptedIn(own).map(({ id }) => id),
    }))
    .sort((a, b) => compare(a.engineName, b.engineName));
}

function observedRuns(summaries: readonly ContainerSummary[]): readonly ObservedRun[] {
  return summaries
    .filter((summary) => summary.labels[labels.role] === 'run')
    .map(
      ({ id, name, state, labels: own }): ObservedRun => ({
        id,
        engineName: name,
        application: own[labels.application] ?? '',
        container: own[labels.container] ?? '',
        state,
        abandoned: isAbandoned(own[labels.runOwner], state),
        spec: specOf(own),
      }),
    )
    .sort((a, b) => compare(a.engineName, b.engineName));
}

function observedJobRuns(summaries: readonly ContainerSummary[]): readonly ObservedJobRun[] {
  return summaries
    .filter((summary) => summary.labels[labels.role] === 'job')
    .map(
      ({ id, name, state, labels: own }): ObservedJobRun => ({
        id,
        engineName: name,
        application: own[labels.application] ?? '',
        container: own[labels.container] ?? '',
        state,
      }),
    )
    .sort((a, b) => compare(a.engineName, b.engineName));
}

/** What is kept to go back by, and the container of an apply that goes on by itself. */
export function observedKept(summaries: readonly ContainerSummary[]): readonly ObservedKept[] {
  return summaries
    .flatMap(({ id, name, imageId, labels: own }): readonly ObservedKept[] => {
      const role = own[labels.role];
      if (role !== 'revision' && role !== 'image' && role !== 'apply') return [];
      const revision = role === 'revision' ? Number(own[labels.revision]) || 0 : null;
      return [{ role, id, engineName: name, revision, imageId }];
    })
    .sort((a, b) => compare(a.engineName, b.engineName));
}

/** Without a trace of its owner, only a run that is over is nobody's. */
function isAbandoned(owner: string | undefined, state: ContainerState): boolean {
  const found = ownerState(owner);
  return found === 'unknown' ? state === 'exited' || state === 'dead' : found === 'gone';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
