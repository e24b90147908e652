import { expect, test } from 'vitest';

import type { ContainerItem } from '../../src/compiler/cleanup/dead-containers.ts';
import { AgentRefusedError, type AgentSession } from '../../src/runtime/agent/agent-session.ts';
import { cleanUp, type CleanupEvent } from '../../src/runtime/cleanup/clean-up.ts';
import { memoryAgentSession } from '../support/memory-agent-session.ts';
import { memoryEngine } from '../support/memory-engine.ts';
import { plainConfig } from '../support/plain-config.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const socket = { volume: 'socks', directory: '/stackc/v/socks', name: '.shop-app0.2' };

/** Removes one dead generation, whose socket lies in a volume. */
async function cleaned(unlink?: AgentSession['unlink'], isStarted = false) {
  const clock = virtualClock();
  const engine = memoryEngine({ clock, images: { 'app:1': {} } });
  const agent = await engine.createContainer(plainConfig({ name: 'shop-agent', image: 'app:1' }));
  await engine.startContainer(agent);
  const id = await engine.createContainer(plainConfig({ name: 'shop-app0.2.failed', image: 'app:1' }));
  if (isStarted) await engine.startContainer(id);
  const links = new Map([[`${socket.directory}/${socket.name}`, '@gone']]);
  const session = memoryAgentSession({
    engine,
    clock,
    links,
    journal: [],
    told: new Map(),
    onCall: () => undefined,
  });
  const item: ContainerItem = {
    kind: 'container',
    id,
    name: 'shop-app0.2.failed',
    why: 'failed generation',
    volumes: false,
    socket,
  };
  const who = { user: 'anna', host: 'here', mark: '', command: 'cleanup', since: '2026-01-01T00:00:00.000Z' };
  const collect = async () => {
    const events: CleanupEvent[] = [];
    const how = {
      engine,
      agents: {
        open: () => Promise.resolve({ ...session, ...(unlink === undefined ? {} : { unlink }) }),
      },
      clock,
      lease: {
        request: { id: 'c1', ...who },
        agent: 'shop-agent',
        observedAtMs: clock.now(),
        timeoutMs: 0,
        onWait: () => undefined,
      },
      stop: new AbortController().signal,
    };
    for await (const event of cleanUp([item], how)) events.push(event);
    return events;
  };
  const events = await clock.run(collect());
  return { events, item, links: [...links.keys()], isThere: (await engine.inspectContainer(id)) !== null };
}

test('the socket of a generation goes with it', async () => {
  const { events, item, links, isThere } = await cleaned();
  expect(events).toEqual([{ type: 'removed', item }]);
  expect(links).toEqual([]);
  expect(isThere).toBe(false);
});

test('a socket that cannot be removed is told', async () => {
  const refuse = () => Promise.reject(new AgentRefusedError('it is a directory'));
  const { events, item, isThere } = await cleaned(refuse);
  const why = 'it is gone, but its socket `.shop-app0.2` stays: it is a directory';
  expect(events).toEqual([{ type: 'failed', item, why }]);
  expect(isThere).toBe(false);
});

test('a generation that somebody has started meanwhile stays, with its socket', async () => {
  const { events, item, links, isThere } = await cleaned(undefined, true);
  expect(events).toEqual([{ type: 'failed', item, why: expect.stringContaining('it is running') }]);
  expect(links).toHaveLength(1);
  expect(isThere).toBe(true);
});
