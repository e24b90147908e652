import type { ApplicationSpec } from '../spec/application-spec.ts';
import type { ContainerSpec } from '../spec/container-spec.ts';
import { Problems } from '../spec/problems.ts';
import type { StackSpec } from '../spec/stack-spec.ts';
import type { Template } from '../spec/template.ts';
import type { Range } from '../span.ts';
import { placeRange } from '../spec/text-place.ts';
import type { ContainerKey } from './desired-state.ts';
import { InheritedEnvironment } from './environment.ts';
import { Expander } from './expander.ts';
import { HostPorts } from './host-ports.ts';
import { Mounts } from './mounts.ts';
import { operatorDatabase, type OperatorDatabase } from './operator-database.ts';
import type { ResolvedInputs } from './resolved-inputs.ts';
import { SingleWriters } from './single-writers.ts';
import { SocketClaims } from './socket-claims.ts';
import { dataVolumes, type DataVolumes } from './volume-names.ts';

/** What all containers of one run share: the inputs (null in a rehearsal), and what they may take from each other. */
export interface Resolution {
  readonly inputs: ResolvedInputs | null;
  readonly problems: Problems;
  readonly expander: Expander;
  readonly volumes: DataVolumes;
  readonly mounts: Mounts;
  readonly writers: SingleWriters;
  readonly hostPorts: HostPorts;
  readonly sockets: SocketClaims;
  readonly environments: InheritedEnvironment;
  readonly operator: OperatorDatabase;
  readonly forwarder: boolean;
  /** Names of the declared secrets. */
  readonly secrets: ReadonlySet<string>;
  /** Of a container with a migration: who takes its `env_from`, directly or through others; no cron ones. Sorted. */
  readonly takersOf: ReadonlyMap<ContainerKey, readonly ContainerKey[]>;
}

/** Starts a run over the containers that are sound. */
export function startResolution(
  spec: StackSpec,
  inputs: ResolvedInputs | null,
  skip: ReadonlySet<ContainerKey>,
): Resolution {
  const problems = new Problems(spec.source, spec.told);
  const expander = new Expander(spec.name, inputs, problems);
  const volumes = dataVolumes(spec.applications, inputs?.dataMounts ?? {});
  const mounts = new Mounts(spec.applications, volumes, expander);
  const containers = spec.applications
    .flatMap((application) => application.containers)
    .filter((c) => !skip.has(c.key));
  return {
    inputs,
    problems,
    expander,
    volumes,
    mounts,
    writers: new SingleWriters(containers, mounts),
    hostPorts: new HostPorts(problems),
    sockets: new SocketClaims(problems),
    environments: new InheritedEnvironment(),
    operator: operatorDatabase(inputs?.env ?? {}),
    forwarder: spec.forwarder !== null,
    secrets: new Set(spec.secrets.map(({ name }) => name)),
    takersOf: takers(containers),
  };
}

function takers(containers: readonly ContainerSpec[]): ReadonlyMap<ContainerKey, readonly ContainerKey[]> {
  const direct = new Map<ContainerKey, ContainerSpec[]>();
  for (const container of containers) {
    const giver = container.envChain.at(-1);
    if (giver === undefined) continue;
    const list = direct.get(giver.key);
    if (list === undefined) direct.set(giver.key, [container]);
    else list.push(container);
  }
  const found = new Map<ContainerKey, readonly ContainerKey[]>();
  for (const { key, migration } of containers) {
    if (migration === null) continue;
    const all = [...(direct.get(key) ?? [])];
    // The list grows while it is walked; there are no cycles.
    for (const taker of all) all.push(...(direct.get(taker.key) ?? []));
    found.set(key, all.flatMap((taker) => (taker.mode === 'cron' ? [] : [taker.key])).sort());
  }
  return found;
}

/** Reports every `%{socket}` that reaches a container without one. */
export function reportSocketless(
  container: ContainerSpec,
  application: ApplicationSpec,
  problems: Problems,
): void {
  const reloads = container.files.flatMap(({ reload }) => (reload?.kind === 'command' ? reload.command : []));
  const own = [...(container.command ?? []), ...(container.entrypoint ?? []), ...reloads];
  const health = container.health?.ask.kind === 'command' ? container.health.ask.command : [];
  const entries = [
    application.environment,
    ...container.envChain.map(({ env }) => env),
    container.env,
  ].flat();
  for (const template of [...own, ...health, ...entries.map(({ value }) => value)]) {
    for (const part of socketParts(template)) {
      const range = placeRange(template.place, part.start, part.end);
      reportNoSocket('`%{socket}` cannot stand here', container, range, problems);
    }
  }
}

/** One `%{socket}` that reaches a container without one. */
export function reportNoSocket(
  what: string,
  container: ContainerSpec,
  range: Range,
  problems: Problems,
): void {
  problems.error('STK304', `${what}: \`${container.name}\` has no \`socket\``, range, {
    related: [{ range: container.range, message: `\`${container.name}\`` }],
    help: 'write `socket: /PATH/%{app_name}.sock`, in a path of a data volume that it mounts',
  });
}

function socketParts(template: Template): Template['parts'] {
  return template.parts.filter((part) => part.kind === 'socket');
}
