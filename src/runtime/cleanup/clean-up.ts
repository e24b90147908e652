import type { CleanupItem } from '../../compiler/cleanup/cleanup-plan.ts';
import type { ContainerItem } from '../../compiler/cleanup/dead-containers.ts';
import type { ImageItem } from '../../compiler/cleanup/unused-images.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import { AgentError, type AgentConnector, type Holder } from '../agent/agent-session.ts';
import type { Clock } from '../clock.ts';
import { EngineError, type Engine } from '../engine.ts';
import { ApplyLease, type LeaseOptions } from '../lease/apply-lease.ts';
import { removeNetwork } from '../perform/remove-network.ts';
import { Sessions } from '../perform/sessions.ts';

/** What comes of a cleanup, as it goes on. */
export type CleanupEvent =
  | { readonly type: 'removed'; readonly item: CleanupItem }
  /** It stays; the others go all the same. */
  | { readonly type: 'failed'; readonly item: CleanupItem; readonly why: string }
  /** Nothing was done: somebody has the lock, or (null) has changed the stack since it was looked at. */
  | { readonly type: 'locked'; readonly holder: Holder | null }
  /** Nothing more is done. */
  | { readonly type: 'lock-lost'; readonly holder: Holder | null };

/** What a cleanup is done with. */
export interface CleanupOptions {
  readonly engine: Engine;
  readonly agents: AgentConnector;
  readonly clock: Clock;
  readonly lease: LeaseOptions & { readonly agent: string };
  /** Nothing more is begun. */
  readonly stop: AbortSignal;
}

/**
 * Removes what a plan says, one after the other, under the stack's lock. Rejects with `AgentError` and `EngineError` where the
 * lock cannot be had; what cannot be removed is an event.
 */
export async function* cleanUp(
  items: readonly CleanupItem[],
  { engine, agents, clock, lease: options, stop }: CleanupOptions,
): AsyncIterable<CleanupEvent> {
  const sessions = new Sessions(agents, engine, clock);
  const lost: (Holder | null)[] = [];
  const lease = new ApplyLease(options, { sessions, clock }, ({ holder }) => lost.push(holder));
  try {
    const refused = await lease.take();
    if (refused !== null) {
      yield { type: 'locked', holder: refused.why === 'held' ? refused.holder : null };
      return;
    }
    for (const item of items) {
      await lease.renew();
      if (stop.aborted || lost.length > 0) break;
      yield await removed(item, { engine, clock, sessions, agent: options.agent });
    }
    for (const holder of lost) yield { type: 'lock-lost', holder };
  } finally {
    await lease.free();
    sessions.close();
  }
}

interface Hands {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly sessions: Sessions;
  readonly agent: string;
}

async function removed(item: CleanupItem, hands: Hands): Promise<CleanupEvent> {
  try {
    const why = await remove(item, hands);
    return why === null ? { type: 'removed', item } : { type: 'failed', item, why };
  } catch (error) {
    if (!(error instanceof EngineError) && !(error instanceof AgentError)) throw error;
    return { type: 'failed', item, why: error.message };
  }
}

/** Resolves to why it stays, or null. */
async function remove(item: CleanupItem, hands: Hands): Promise<string | null> {
  const { engine } = hands;
  switch (item.kind) {
    case 'container': {
      // Not by force: somebody may have started it to look inside.
      await engine.removeContainer(item.id, { volumes: item.volumes, force: false });
      return item.socket === null ? null : unlink(item.socket, hands);
    }
    case 'network':
      return removeNetwork(item.name, hands);
    case 'image':
      return removeImage(item, engine);
    default:
      return unreachable(item);
  }
}

async function unlink(
  { directory, name }: NonNullable<ContainerItem['socket']>,
  { sessions, agent }: Hands,
): Promise<string | null> {
  try {
    await sessions.ask(agent, (session) => session.unlink(directory, name));
    return null;
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return `it is gone, but its socket \`${name}\` stays: ${error.message}`;
  }
}

/**
 * By its id, so that a name which means another image by now takes nothing along. That takes an image of one name: of several
 * the others go first, once it is sure that they are still this image's.
 */
async function removeImage({ id, names }: ImageItem, engine: Engine): Promise<string | null> {
  const now = (await engine.listImages()).find((image) => image.id === id);
  if (now === undefined) return null;
  if (now.tags.some((tag) => !names.includes(tag))) return `it is called ${now.tags.join(', ')} by now`;
  const user = (await engine.listContainers([])).find(({ imageId }) => imageId === id);
  if (user !== undefined) return `container ${user.name} is made from it by now`;
  const [last, ...others] = now.tags;
  for (const name of others) await engine.removeImage(name);
  try {
    await engine.removeImage(id);
    return null;
  } catch (error) {
    if (!(error instanceof EngineError) || others.length === 0) throw error;
    return `${error.message}; it is called ${last} alone by now, and ${others.join(', ')} no more`;
  }
}
