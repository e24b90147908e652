import { listedServers } from '../../compiler/balancer/listed-servers.ts';
import {
  haproxyConfigOf,
  runningBalancers,
  type BalancerText,
  type RunningBalancer,
} from '../../compiler/balancer/running.ts';
import { statsSocketOf } from '../../compiler/balancer/runtime-socket.ts';
import type { DesiredContainer } from '../../compiler/desired/desired-state.ts';
import type { DesiredScale, DesiredSource } from '../../compiler/desired/scale.ts';
import { isSettled } from '../../compiler/heal/settled.ts';
import type { ObservedState } from '../../compiler/observed/observed-state.ts';
import { agentVolumePath } from '../../compiler/plan/agent-spec.ts';
import { mountedVolumes, socketPlace } from '../../compiler/reconcile/sockets.ts';
import type { MeasuredSource, ScaleEntry, ScaleRoster, StatsSocket } from '../../compiler/scale/roster.ts';
import { setCounts } from '../../compiler/scale/set-counts.ts';
import { isScaled, withCounts, withMost } from '../../compiler/scale/spec-counts.ts';
import { readBalancers } from '../../runtime/read-balancers.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { writeData } from '../output.ts';
import { everything, resolveStack } from '../plan-stack.ts';
import { demandStored, keptOf, type Kept } from '../revisions/kept.ts';
import { loadRevision, revisionInputs } from '../revisions/restore.ts';

/**
 * `stack scale --roster`, for the agent: what is scaled of the revision that runs, and where it is measured, as JSON. It may hold a
 * password, so it is written to a program alone: 64 for a terminal.
 */
export async function tellRoster(context: CommandContext, file: string | undefined): Promise<number> {
  if (context.io.stdout.isTTY === true)
    throw new CommandFailure(
      exitCode.usage,
      '`--roster` is for the agent: it may hold passwords',
      '`stack status` shows what is scaled',
    );
  const roster = await rosterOf(context, await keptOf(context, file));
  writeData(context, `${JSON.stringify(roster)}\n`);
  return exitCode.done;
}

async function rosterOf(context: CommandContext, kept: Kept): Promise<ScaleRoster> {
  const { stack, good, revisions, history } = kept;
  const [revision] = good;
  const blank = { version: 1, stack, containers: [] } as const;
  if (revision === undefined)
    return { ...blank, revision: null, idle: 'no apply has come to its end so far' };
  const { content } = await demandStored(kept, revision);
  const number = revision.revision;
  const loaded = await loadRevision(content, number, kept.folder ?? context.io.cwd);
  if (!isScaled(loaded.spec)) return { ...blank, revision: number, idle: null };
  const idle = isSettled(revision, revisions) ? null : 'the last apply did not come to its end';
  const counted = withCounts(loaded.spec, setCounts(history ?? []));
  const counts = new Map(
    counted.applications.flatMap(({ containers }) =>
      containers.map(({ key, count }) => [key, count] as const),
    ),
  );
  const inputs = revisionInputs(content, loaded, { revision: number, named: [] });
  const connection = await context.connect();
  const selection = {
    ...everything,
    askRegistry: false,
    given: { inputs, migrations: false, goesOn: false, goesBack: false },
  };
  // With all that there may be: a balancer lists them by name, whether they are there or not.
  const most = { ...loaded, spec: withMost(counted), isCounted: true };
  const { desired, observed } = await resolveStack(context, most, connection, selection, {
    hostAlways: false,
    observing: null,
  });
  const scaled = desired.containers.flatMap((container) =>
    container.scale === null ? [] : [{ container, scale: container.scale }],
  );
  const haproxys = await askedHaproxys(
    connection.engine,
    observed,
    scaled.map(({ scale }) => scale),
  );
  const containers = scaled.map(({ container, scale }): ScaleEntry => {
    const { min, max, pace, schedule, set, sources } = scale;
    const { key, template } = container;
    return {
      key,
      count: counts.get(key) ?? min,
      min,
      max,
      pace,
      schedule,
      cpus: template.spec.cpus,
      last: set,
      sources: sources.map((source) => measured(source, container, haproxys)),
    };
  });
  return { version: 1, stack, revision: number, idle, containers };
}

/** A haproxy that runs, and what it says of itself. */
interface Asked {
  readonly balancer: RunningBalancer;
  readonly text: BalancerText;
}

async function askedHaproxys(
  engine: Parameters<typeof readBalancers>[0],
  observed: ObservedState,
  scales: readonly DesiredScale[],
): Promise<readonly Asked[]> {
  const named = new Set(scales.flatMap(({ sources }) => sources.flatMap(balancerOf)));
  if (named.size === 0) return [];
  const asked = runningBalancers(observed).filter(
    ({ program, container }) => program === 'haproxy' && named.has(container.container),
  );
  const texts = await readBalancers(engine, asked);
  return asked.flatMap((balancer) => {
    const text = texts.get(balancer.container.id);
    return text === undefined ? [] : [{ balancer, text }];
  });
}

function balancerOf(source: DesiredSource): readonly string[] {
  return source.kind === 'requests' || source.kind === 'waiting' ? [source.balancer] : [];
}

function measured(
  source: DesiredSource,
  { application, instances }: DesiredContainer,
  haproxys: readonly Asked[],
): MeasuredSource {
  if (source.kind !== 'requests' && source.kind !== 'waiting') return source;
  const { balancer: name } = source;
  const own = haproxys.filter(
    ({ balancer: { container } }) => container.container === name && container.application === application,
  );
  const found = own.map((asked) => statsSocket(asked, instances));
  const sockets = found.flatMap((one) => ('why' in one ? [] : [one]));
  const why = found.flatMap((one) => ('why' in one ? [one.why] : []))[0];
  return {
    ...source,
    sockets,
    why: why ?? (own.length === 0 ? `\`${name}\` does not run, or is no haproxy` : null),
  };
}

function statsSocket(
  { balancer: { container }, text }: Asked,
  instances: DesiredContainer['instances'],
): StatsSocket | { readonly why: string } {
  const { instance } = container;
  if (text.kind === 'unread')
    return { why: `the configuration of \`${instance}\` cannot be read: ${text.why}` };
  const config = haproxyConfigOf(container, text);
  const socket = statsSocketOf(container, config);
  if ('why' in socket) return { why: `\`${instance}\` ${socket.why}` };
  const places = instances.map(({ engineName, spec }) => ({
    engineName,
    place: socketPlace(spec, mountedVolumes(spec)),
    hostPorts: [],
    aliases: [],
  }));
  const listed = listedServers(config, container, places);
  if (listed.length === 0) return { why: `\`${instance}\` lists none of its instances` };
  return { path: `${agentVolumePath(socket.volume, socket.path)}/${socket.name}`, listed };
}
