import type { Handed } from '../runtime/agent/agent-session.ts';
import { unreachable } from '../compiler/unreachable.ts';
import { awaitArrivals } from './arrivals.ts';
import { drain } from './drain.ts';
import { drainPorts } from './drain-ports.ts';
import { appendJournal, newestRevision } from './journal.ts';
import { lookAtHost } from './host.ts';
import { lookAtListeners } from './listeners.ts';
import { awaitPortArrivals } from './port-arrivals.ts';
import { probe } from './probe.ts';
import type { Keeper } from './keeper.ts';
import type { AgentAnswer, AgentRequest } from './protocol.ts';
import { keepSocket, restoreSocket } from './kept-socket.ts';
import { kindOf, publish, removeSocket } from './published-link.ts';
import { Refusal } from './refusal.ts';
import { codeOf, systemError } from './system-error.ts';
import { leaveServers, pointServers } from './tell-haproxy.ts';
import { checkBelow, checkDirectory, checkName, checkSocketLength } from './volume-path.ts';

/** Folders that an agent works in. */
export interface Places {
  /** Of the socket volumes. */
  readonly root: string;
  readonly journal: string;
}

/**
 * Does what a request asks, below its places only; a refusal or a failure is an answer too. Never rejects. The keeper
 * has what outlives a session; each session is a peer: a lease ends with it.
 */
export async function answer(
  request: AgentRequest,
  places: Places,
  keeper: Keeper,
  peer: object,
): Promise<AgentAnswer> {
  const { id } = request;
  try {
    return { id, ok: true, result: await perform(request, places, keeper, peer) };
  } catch (error) {
    return { id, ok: false, error: inWords(error) };
  }
}

async function perform(
  request: AgentRequest,
  places: Places,
  keeper: Keeper,
  peer: object,
): Promise<unknown> {
  const { root } = places;
  switch (request.op) {
    case 'ping':
      return null;
    case 'probe':
      if (request.target.kind === 'socket') {
        checkBelow(root, request.target.path);
        checkSocketLength(request.target.path);
      }
      return probe(request);
    case 'publish':
      checkName(request.link);
      checkName(request.to);
      await checkDirectory(root, request.directory);
      return publishKept(request, keeper);
    case 'hold':
      for (const name of [request.link, request.as, request.back]) checkName(name);
      checkSocketLength(`${request.directory}/${request.as}`);
      await checkDirectory(root, request.directory);
      await keeper.hold(request.directory, request.link, request);
      return null;
    case 'keep':
      checkName(request.name);
      checkName(request.as);
      await checkDirectory(root, request.directory);
      await keepSocket(request.directory, request.name, request.as);
      return null;
    case 'restore':
      checkName(request.name);
      checkName(request.from);
      if (!(await directoryExists(root, request.directory))) return null;
      keeper.release(request.directory, request.name);
      await keeper.handOver(request.directory, request.name, request.name, 0);
      // Without a server to put back, what comes goes on being held.
      if (!keeper.isHeld(request.directory, request.name))
        await restoreSocket(request.directory, request.name, request.from);
      return null;
    case 'unlink':
      checkName(request.name);
      if (!(await directoryExists(root, request.directory))) return null;
      keeper.release(request.directory, request.name);
      await removeSocket(request.directory, request.name);
      return null;
    case 'journal': {
      const { lines, lease, doing } = request;
      const lost = lease === null ? null : keeper.lease.goOn(lease, doing);
      if (lost === null) await appendJournal(places.journal, lines);
      return lost;
    }
    case 'lease': {
      const { op: _op, id: _id, lease: id, ...rest } = request;
      return keeper.lease.take({ id, ...rest }, peer);
    }
    case 'free':
      keeper.lease.free(request.lease);
      return null;
    case 'holder':
      return keeper.lease.holder();
    case 'unlock':
      return keeper.lease.unlock(request.lease);
    case 'revision':
      return newestRevision(places.journal);
    case 'arrivals':
      checkName(request.name);
      return awaitArrivals(request);
    case 'port-arrivals':
      return awaitPortArrivals(request);
    case 'drain':
      checkName(request.name);
      checkBelow(root, request.path);
      return drain(request);
    case 'drain-ports':
      return drainPorts(request);
    case 'listeners':
      return lookAtListeners(request.ports);
    case 'host':
      return lookAtHost(request.ports, places.journal);
    case 'point':
    case 'leave':
      checkBelow(root, request.socket);
      checkSocketLength(request.socket);
      return request.op === 'point' ? pointServers(request) : leaveServers(request);
    case 'cron-run':
    case 'cron-pause':
    case 'cron-resume':
      throw new Refusal('this agent runs no jobs: the one that does has the engine’s socket');
    default:
      return unreachable(request);
  }
}

/**
 * A server that has bound the published name itself may take the link along when it ends. With that name as `to` there is
 * nothing to publish: what is held goes to the server that binds it.
 */
async function publishKept(
  { directory, link, to, waitMs }: Extract<AgentRequest, { op: 'publish' }>,
  keeper: Keeper,
): Promise<Handed | null> {
  const handed = await keeper.handOver(directory, link, to, waitMs);
  if (handed !== null) return handed;
  if (link === to) return null;
  keeper.release(directory, link);
  const wasBound = (await kindOf(`${directory}/${link}`)) === 'socket';
  await publish(directory, link, to);
  if (wasBound) keeper.guard(directory, link, to);
  return null;
}

async function directoryExists(root: string, directory: string): Promise<boolean> {
  try {
    await checkDirectory(root, directory);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

function inWords(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  // The system's own message names the call and the path; the code's meaning makes it readable.
  return error instanceof Error && codeOf(error) !== undefined
    ? `${systemError(error)}: ${error.message}`
    : systemError(error);
}
