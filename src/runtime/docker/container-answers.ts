import type { ContainerInfo, ContainerInspectInfo, HostRestartPolicy, Port as PortRow } from 'dockerode';

import type { HostPort } from '../../compiler/desired/host-port.ts';
import type { PortSpec } from '../../compiler/desired/instance-spec.ts';
import type { ContainerState } from '../../compiler/observed/observed-state.ts';
import type { ContainerDetails, ContainerSummary } from '../engine.ts';
import { isRecord } from '../parse-spec.ts';
import { NonsenseAnswer } from './engine-errors.ts';

const STATES: readonly ContainerState[] = [
  'created',
  'running',
  'paused',
  'restarting',
  'exited',
  'dead',
  'removing',
];

/** One row of GET /containers/json. */
export function summaryOf(row: ContainerInfo): ContainerSummary {
  return {
    id: row.Id,
    name: bare(row.Names?.find((name) => name.lastIndexOf('/') === 0) ?? ''),
    image: row.Image,
    imageId: row.ImageID,
    state: stateOf(row.State),
    status: row.Status,
    labels: row.Labels ?? {},
    networks: Object.keys(row.NetworkSettings?.Networks ?? {}).sort(),
    ports: (row.Ports ?? []).flatMap(publishedPort),
    writes: (row.Mounts ?? [])
      .flatMap(({ Type, Name, RW }) => (Type === 'volume' && RW && Name !== undefined ? [Name] : []))
      .sort(),
    createdS: row.Created,
  };
}

/** Exposed ports stand in the same list, without a port of the host. */
function publishedPort({ PublicPort, IP, Type }: PortRow): readonly HostPort[] {
  if (!PublicPort || (Type !== 'tcp' && Type !== 'udp' && Type !== 'sctp')) return [];
  return [{ hostPort: PublicPort, hostIp: IP || null, protocol: Type }];
}

/** GET /containers/{id}/json. Older engines add the container's own short id to its aliases; it is left out. */
export function detailsOf(row: ContainerInspectInfo): ContainerDetails {
  const { State: state, Config: config, HostConfig: host } = row;
  const isOver = ['exited', 'dead', 'restarting'].includes(state.Status);
  return {
    id: row.Id,
    name: bare(row.Name),
    imageId: row.Image,
    image: config.Image ?? '',
    state: stateOf(state.Status),
    exitCode: isOver ? state.ExitCode : null,
    error: state.Error ?? '',
    health: healthOf(state.Health?.Status),
    restartCount: row.RestartCount ?? 0,
    pid: state.Pid ?? 0,
    startedAt: state.StartedAt.startsWith('0001-') ? '' : state.StartedAt,
    endedAt: isOver && !state.FinishedAt.startsWith('0001-') ? state.FinishedAt : '',
    labels: config.Labels ?? {},
    env: config.Env ?? [],
    command: config.Cmd ?? null,
    entrypoint: words(config.Entrypoint),
    restart: restartOf(host.RestartPolicy),
    stopSignal: signalOf(Reflect.get(config, 'StopSignal')),
    stopTimeoutS: stopTimeoutOf(Reflect.get(config, 'StopTimeout')),
    networkMode: host.NetworkMode ?? '',
    networks: Object.fromEntries(
      Object.entries(row.NetworkSettings?.Networks ?? {})
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, network]) => [name, aliasesOf(network.Aliases, row.Id)]),
    ),
    mounts: (row.Mounts ?? [])
      .map((mount) => ({
        type: mount.Type ?? '',
        source: mount.Source ?? '',
        name: mount.Name ?? '',
        target: mount.Destination,
        readOnly: !mount.RW,
      }))
      .sort((a, b) => (a.target < b.target ? -1 : 1)),
    ports: boundPorts(host.PortBindings),
    tty: config.Tty ?? false,
    autoRemove: host.AutoRemove ?? false,
    memory: host.Memory ?? 0,
    nanoCpus: host.NanoCpus ?? 0,
  };
}

/** `{"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}`; no port of the host, or 0: the engine chooses one. */
function boundPorts(bindings: unknown): readonly PortSpec[] {
  if (!isRecord(bindings)) return [];
  return Object.entries(bindings)
    .flatMap(([exposed, places]: [string, unknown]) =>
      Array.isArray(places) ? places.map((place: unknown) => boundPort(exposed, place)) : [],
    )
    .sort((a, b) => a.containerPort - b.containerPort || (a.hostPort ?? 0) - (b.hostPort ?? 0));
}

function boundPort(exposed: string, place: unknown): PortSpec {
  const [port = '', protocol] = exposed.split('/');
  const { HostIp: hostIp, HostPort: hostPort } = isRecord(place) ? place : {};
  return {
    containerPort: Number(port),
    hostPort: Number(hostPort) || null,
    hostIp: typeof hostIp === 'string' && hostIp !== '' ? hostIp : null,
    protocol: protocol === 'udp' || protocol === 'sctp' ? protocol : 'tcp',
  };
}

/** An array, or the answer was not an engine's. */
export function listOf<T>(answer: readonly T[] | null | undefined): readonly T[] {
  if (answer === null || answer === undefined) return [];
  if (!Array.isArray(answer)) throw new NonsenseAnswer('it sent no list');
  return answer;
}

function stateOf(text: string): ContainerState {
  // A state that this stackc has never heard of is not one to rely on.
  return STATES.find((state) => state === text) ?? 'dead';
}

function aliasesOf(aliases: readonly string[] | null | undefined, id: string): readonly string[] {
  return (aliases ?? []).filter((alias) => !id.startsWith(alias)).sort();
}

function signalOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The engine's default where it was created with none. */
function stopTimeoutOf(value: unknown): number {
  return typeof value === 'number' ? value : 10;
}

function healthOf(text: string | undefined): ContainerDetails['health'] {
  return text === 'starting' || text === 'healthy' || text === 'unhealthy' ? text : 'none';
}

/** `always`, or `on-failure:3`; a limit of 0 is none. */
function restartOf(policy: HostRestartPolicy | undefined): string {
  const name = policy?.Name || 'no';
  const limit = policy?.MaximumRetryCount ?? 0;
  return name === 'on-failure' && limit > 0 ? `${name}:${limit}` : name;
}

function words(value: string | string[] | null | undefined): readonly string[] | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? [value] : value;
}

function bare(name: string): string {
  return name.replace(/^\//, '');
}
