import { lookup } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import type { LeaveRequest, PointRequest, TellResult } from '../runtime/agent/agent-session.ts';
import { probe } from './probe.ts';
import { Refusal } from './refusal.ts';
import { askHaproxy, serverStates, type ServerState } from './runtime-socket.ts';
import { systemError } from './system-error.ts';

const LOOK_EVERY_MS = 20;

/** What the command line of haproxy takes for the name of a backend and of a server. */
const SERVER = /^[\w.:-]+\/[\w.:-]+$/;

/**
 * Tells a haproxy at which address some of its servers are from now on. They go on serving: each new connection goes
 * there, those that are open stay. With `ready`, they are let serve again, and it waits until they do.
 *
 * One that never had an address cannot be given one (haproxy 2.6 answers so, and would count it as up all the same).
 */
export async function pointServers(request: PointRequest): Promise<TellResult> {
  const { socket, host, ready, timeoutMs } = request;
  const startedAt = performance.now();
  const { found, missing } = await serversOf(socket, request.servers);
  const settable = found.filter(({ address }) => address !== '-');
  const family = settable.some((server) => server.address.includes(':')) ? 6 : 4;
  const address = settable.length === 0 ? '' : await addressOf(host, family);
  for (const server of settable) {
    const isBack = ready && server.admin !== 0;
    // It keeps the port of its configuration, and takes who is let back for up at once, whatever its own check will say.
    if (server.port !== 0 && (server.address !== address || isBack))
      await untilOpen(address, server.port, startedAt + timeoutMs);
    if (server.address !== address) await command(socket, `set server ${nameOf(server)} addr ${address}`);
    if (isBack) await command(socket, `set server ${nameOf(server)} state ready`);
  }
  const names = new Set(settable.map(nameOf));
  for (;;) {
    const states = (await serverStates(socket)).filter((state) => names.has(nameOf(state)));
    const astray = states.find((state) => state.address !== address);
    if (astray !== undefined)
      throw new Refusal(`haproxy still has \`${nameOf(astray)}\` at ${astray.address}, not at ${address}`);
    const away = ready ? states.filter(({ up, admin }) => !up || admin !== 0) : [];
    const ms = Math.round(performance.now() - startedAt);
    if (away.length === 0 || ms >= timeoutMs) {
      const unresolved = found.filter((server) => !settable.includes(server)).map(nameOf);
      return { missing, unresolved, down: away.map(nameOf), ms };
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/**
 * Takes servers out of a haproxy: `drain` sends them no new requests, `maint` asks them nothing at all. What is open
 * stays. `drain` refuses to take out the last ones of a backend that serve.
 */
export async function leaveServers({ socket, servers, state }: LeaveRequest): Promise<TellResult> {
  const startedAt = performance.now();
  const { all, found, missing } = await serversOf(socket, servers);
  const leaving = new Set(found.map(nameOf));
  for (const { backend } of state === 'drain' ? found.filter(serves) : []) {
    if (all.some((other) => other.backend === backend && serves(other) && !leaving.has(nameOf(other))))
      continue;
    throw new Refusal(
      `no other server of haproxy's backend \`${backend}\` is up: ${[...leaving].join(', ')} must go on serving`,
    );
  }
  for (const server of found) {
    // One without an address gets nothing anyway, and knows why.
    if (server.address !== '-') await command(socket, `set server ${nameOf(server)} state ${state}`);
  }
  return { missing, unresolved: [], down: [], ms: Math.round(performance.now() - startedAt) };
}

async function untilOpen(host: string, port: number, deadline: number): Promise<void> {
  for (;;) {
    const left = Math.ceil(deadline - performance.now());
    const asked = { target: { kind: 'tcp', host, port }, ask: { kind: 'connect' }, timeoutMs: left } as const;
    const result = left > 0 ? await probe(asked) : { ok: false, error: 'no time is left' };
    if (result.ok) return;
    if (left <= LOOK_EVERY_MS)
      throw new Refusal(`nobody accepts connections at ${host}:${port} (${result.error})`);
    await sleep(LOOK_EVERY_MS);
  }
}

async function serversOf(
  socket: string,
  names: readonly string[],
): Promise<{
  readonly all: readonly ServerState[];
  readonly found: readonly ServerState[];
  readonly missing: readonly string[];
}> {
  const strange = names.find((name) => !SERVER.test(name));
  if (strange !== undefined) throw new Refusal(`${JSON.stringify(strange)} is no \`backend/server\``);
  const all = await serverStates(socket);
  const found = all.filter((state) => names.includes(nameOf(state)));
  return { all, found, missing: names.filter((name) => !found.some((state) => nameOf(state) === name)) };
}

/** Whether requests get there. */
function serves({ up, admin, weight }: ServerState): boolean {
  return up && admin === 0 && weight > 0;
}

function nameOf({ backend, name }: ServerState): string {
  return `${backend}/${name}`;
}

/** What succeeds is answered with nothing, or with what was changed. */
async function command(socket: string, words: string): Promise<void> {
  const answer = await askHaproxy(socket, words);
  if (answer === '' || /^(IP changed|no need to change)/.test(answer)) return;
  throw new Refusal(`haproxy answers \`${words}\` with: ${answer}`);
}

async function addressOf(host: string, family: 4 | 6): Promise<string> {
  try {
    return (await lookup(host, { family })).address;
  } catch (error) {
    throw new Refusal(`the address of ${host} cannot be looked up: ${systemError(error)}`);
  }
}
