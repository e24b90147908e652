import { ADMITTING, refusing } from '../../compiler/plan/errand-config.ts';
import type { Operation } from '../../compiler/plan/operation.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import type { AgentSession } from '../agent/agent-session.ts';
import { elapsed } from '../elapsed.ts';
import { EngineError } from '../engine.ts';
import { sendErrand, type Sender } from './errand.ts';
import { lookAtProcesses } from './processes.ts';

type Reached = Extract<Operation, { kind: 'proxies.reached' }>;
type Doing = Extract<Operation, { kind: 'ports.refuse' | 'ports.admit' | 'proxies.wake' }>;

/** Where nobody has come for so long, nobody is waited for. */
const IDLE_MS = 5_000;
/**
 * For so long no nginx may be at its reload. It starts its new workers 100 ms before it tells the old ones, which go on taking
 * connections until then (ngx_master_process_cycle).
 */
const SETTLED_MS = 1_000;
const LOOK_MS = 100;
/** The port with which a filter is tried out, in a network in which nobody is. */
const TRIED = [1];

/** What is asked while proxies are waited for. */
export interface ProxyContext extends Pick<Sender, 'engine' | 'clock'> {
  readonly ask: <T>(ask: (agent: Pick<AgentSession, 'portArrivals'>) => Promise<T>) => Promise<T>;
  /** Of the container that they are to come to, and of the one that they leave; null: there is none. */
  readonly containerId: string;
  readonly oldId: string | null;
}

/** Proxies go on as if the new generation were not there. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
}

/** Does what takes a container of ours; gives a note where there is nothing to do. */
export async function tellFilter(
  op: Doing,
  containerId: string | null,
  sender: Sender,
): Promise<string | null> {
  switch (op.kind) {
    case 'proxies.wake':
      // It is started to be seen; and shows, before anything depends on it, that the filter can be had.
      await sendErrand('none', refusing(TRIED), sender);
      return null;
    case 'ports.refuse':
    case 'ports.admit': {
      const serving = containerId === null ? null : await sender.engine.inspectContainer(containerId);
      if (serving === null || serving.state !== 'running') return 'it does not run: nobody can connect';
      const rules = op.kind === 'ports.refuse' ? refusing(op.ports) : ADMITTING;
      await sendErrand(`container:${serving.id}`, rules, sender);
      return null;
    }
    default:
      return unreachable(op);
  }
}

/**
 * Waits until proxies come to a generation, and none of them, as far as it is an nginx, works by what it knew before. Rejects
 * with {@link ProxyError} where the operation says that they must, and they go on coming to the old one alone.
 */
export async function awaitProxies(op: Reached, context: ProxyContext): Promise<string> {
  const { engine, ask, containerId, oldId } = context;
  const serving = await engine.inspectContainer(containerId);
  const old = oldId === null ? null : await engine.inspectContainer(oldId);
  if (serving?.state !== 'running') return 'it does not run: nobody comes to it';
  const limitMs = Math.max(1, op.limitS) * 1000;
  const { seen, beside, ms } = await ask((agent) =>
    agent.portArrivals({
      pid: serving.pid,
      beside: old?.state === 'running' ? old.pid : null,
      ports: op.ports,
      count: op.count,
      idleMs: IDLE_MS,
      timeoutMs: limitMs,
    }),
  );
  if (seen === 0 && beside > 0) {
    const words = `no proxy has come to it within ${elapsed(ms)}, ${connections(beside)} to the generation before it`;
    if (op.must) throw new ProxyError(words);
    return `warning: ${words}`;
  }
  const came =
    seen === 0 ? `nobody came within ${elapsed(ms)}` : `${connections(seen)} to it within ${elapsed(ms)}`;
  const left = await awaitReloads(op.networks, limitMs, context);
  return left === null ? came : `${left}; ${came}`;
}

/** Gives a warning when an nginx still has workers of before at the limit; null: all is well. */
async function awaitReloads(
  networks: readonly string[],
  limitMs: number,
  { engine, clock }: ProxyContext,
): Promise<string | null> {
  const all = await engine.listContainers([]);
  const there = all.filter(
    ({ state, networks: own }) => state === 'running' && own.some((name) => networks.includes(name)),
  );
  const startedAt = clock.now();
  let quietSince = startedAt;
  let watched: readonly string[] = there.map(({ id }) => id);
  for (;;) {
    const looks = await Promise.all(watched.map(async (id) => ({ id, titles: await titlesOf(id, engine) })));
    // Whoever cannot be looked into may be one.
    const nginxes = looks.filter(
      ({ titles }) => titles === null || titles.some((title) => title.startsWith('nginx: ')),
    );
    watched = nginxes.map(({ id }) => id);
    if (watched.length === 0) return null;
    const now = clock.now();
    const old = nginxes.flatMap(({ titles }) =>
      (titles ?? []).filter((title) => title.startsWith('nginx: worker process is shutting down')),
    );
    if (old.length > 0) quietSince = now;
    if (now - quietSince >= SETTLED_MS) return null;
    if (now - startedAt >= limitMs + SETTLED_MS) {
      const workers = old.length === 1 ? '1 worker of an nginx' : `${old.length} workers of an nginx`;
      return `warning: ${workers} still at what came before its reload, after ${elapsed(now - startedAt)}`;
    }
    await clock.sleep(LOOK_MS);
  }
}

/** None for one that has ended; null where they cannot be seen. */
async function titlesOf(id: string, engine: ProxyContext['engine']): Promise<readonly string[] | null> {
  try {
    const seen = await lookAtProcesses(id, engine);
    return seen instanceof EngineError ? null : seen.map(({ title }) => title);
  } catch (error) {
    if (error instanceof EngineError && (error.kind === 'not-found' || error.kind === 'conflict')) return [];
    throw error;
  }
}

function connections(count: number): string {
  return count === 1 ? '1 connection' : `${count} connections`;
}
