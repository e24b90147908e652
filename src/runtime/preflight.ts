import type { DesiredState } from '../compiler/desired/desired-state.ts';
import { fixedPorts, portName, portsOverlap, type HostPort } from '../compiler/desired/host-port.ts';
import { metricsPort } from '../compiler/desired/metrics.ts';
import { labels } from '../compiler/labels.ts';
import type { Plan } from '../compiler/plan/plan.ts';
import type { HostResult } from './agent/agent-session.ts';
import type { Engine } from './engine.ts';

/** Less than this, and no pull of an application's image will come to its end; what an image takes, nobody knows before. */
const LEAST_BYTES = 256 * 1024 * 1024;

/** What is looked at, and who looks. */
export interface Preflight {
  readonly engine: Pick<Engine, 'listContainers'>;
  /** Null: there is nobody to look. */
  readonly host: ((ports: readonly number[]) => Promise<HostResult>) | null;
}

/**
 * What on the engine's host would make a plan fail, before anything is done that anyone can feel: a port that a process has
 * which is no container, too little room for what is to be pulled. Everything at once, one sentence each; what containers
 * have, the plan has told.
 */
export async function preflight(
  plan: Plan,
  desired: DesiredState | null,
  { engine, host }: Preflight,
): Promise<readonly string[]> {
  const wanted = wantedPorts(plan, desired);
  const pulls = plan.nodes.filter(({ op }) => op.kind === 'image.pull').length;
  if (host === null || (wanted.length === 0 && pulls === 0)) return [];
  const [{ listening, freeBytes }, rows] = await Promise.all([
    host(wanted.map(({ port }) => port.hostPort)),
    wanted.length === 0 ? [] : engine.listContainers([]),
  ]);
  const published = rows.flatMap(({ ports }) => ports);
  // Which ports those in the host's network listen on, nobody tells; the stack's own may be about to leave.
  const onHost = rows.filter(({ state, networks }) => state === 'running' && networks.includes('host'));
  const isHidden = onHost.some((row) => row.labels[labels.stack] === desired?.stack);
  const holder =
    onHost.length === 0 ? 'a program outside Docker' : 'a program, or a container in its network';
  const taken = listening.filter((port) => !isHidden && !published.some((other) => isSame(other, port)));
  const problems = wanted
    .filter(({ port }) => taken.some((other) => portsOverlap(other, port)))
    .map(
      ({ port, instance }) =>
        `port ${portName(port)} of the host, which \`${instance}\` wants, is held by ${holder}: \`ss -l${port.protocol === 'udp' ? 'u' : 't'}np 'sport = :${port.hostPort}'\` shows it`,
    );
  return pulls > 0 && freeBytes !== null && freeBytes < LEAST_BYTES
    ? [...problems, noRoom(freeBytes, pulls)]
    : problems;
}

interface Wanted {
  readonly port: HostPort;
  readonly instance: string;
}

function isSame(a: HostPort, b: HostPort): boolean {
  return a.protocol === b.protocol && a.hostPort === b.hostPort;
}

/** Ports of containers and agents that are made; each once. The kernel's tables tell of TCP and UDP. */
function wantedPorts({ nodes }: Plan, desired: DesiredState | null): readonly Wanted[] {
  const made = new Set<string>(
    nodes.flatMap(({ op }) => (op.kind === 'container.create' ? [op.instance] : [])),
  );
  const instances = (desired?.containers ?? []).flatMap(({ job, instances: all }) =>
    job === null ? all : [],
  );
  const ofAgents = nodes.flatMap(({ op }) => {
    const port = op.kind === 'agent.create' ? (op.agent.metrics?.port ?? null) : null;
    return port === null ? [] : [{ port: metricsPort(port), instance: 'agent.metrics' }];
  });
  return instances
    .filter(({ key }) => made.has(key))
    .flatMap(({ name, spec }) => fixedPorts(spec.ports).map((port) => ({ port, instance: name })))
    .concat(ofAgents)
    .filter(({ port }) => port.protocol !== 'sctp');
}

function noRoom(freeBytes: number, pulls: number): string {
  const free = Math.floor(freeBytes / (1024 * 1024));
  const images = pulls === 1 ? 'an image is' : `${pulls} images are`;
  return `the engine's disk has ${free} MiB left, and ${images} to be pulled: \`docker system df\` tells what takes it`;
}
