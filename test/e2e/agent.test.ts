import { plainConfig } from '../support/plain-config.ts';
import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Gate, HttpGate } from '../../src/compiler/desired/desired-state.ts';
import type { MountSpec } from '../../src/compiler/desired/instance-spec.ts';
import type { ContainerConfig } from '../../src/compiler/plan/container-config.ts';
import { execAgentConnector } from '../../src/runtime/agent/agent-connector.ts';
import { agentImage, buildAgentImage } from '../../src/runtime/agent/agent-image.ts';
import type { AgentSession, ProbeTarget } from '../../src/runtime/agent/agent-session.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { connectEngine } from '../../src/runtime/docker/docker-engine.ts';
import { chooseEndpoint } from '../../src/runtime/docker/endpoint.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { passGate } from '../../src/runtime/gate.ts';
import { GateError } from '../../src/runtime/gate/gate-error.ts';

const BUILD_MS = 300_000;
const MINUTE_MS = 60_000;
const RUN = randomBytes(4).toString('hex');
const LABELS = { 'io.stackc.test': `agent-${RUN}` };
const NETWORK = `stackc-agent-${RUN}`;
const VOLUME = `stackc-agent-${RUN}`;
const AGENT = `stackc-agent-${RUN}-agent`;
const SOCKS = `/stackc/v/${VOLUME}`;
const HTTP = { kind: 'http', path: '/ping' } as const;

let engine: Engine;
let image: string;

beforeAll(async () => {
  const { env, platform } = process;
  engine = await connectEngine(chooseEndpoint({ context: null, host: null, env, home: homedir(), platform }));
  image = await buildAgentImage(engine, {}, () => undefined);
  await engine.createNetwork(NETWORK, LABELS);
  await engine.createVolume(VOLUME, LABELS);
  await start(AGENT, { mounts: [volumeAt(SOCKS)] });
}, BUILD_MS);

afterAll(async () => {
  const labels = Object.entries(LABELS).map(([name, value]) => `${name}=${value}`);
  for (const { id } of await engine.listContainers(labels)) await engine.removeContainer(id);
  await engine.removeVolume(VOLUME);
  await engine.removeNetwork(NETWORK);
  engine.close();
}, MINUTE_MS);

test('the image is there under its tag, with nothing but the program to start', async () => {
  expect(image).toBe(agentImage().tag);
  const details = await engine.inspectImage(image);
  expect(details?.config).toMatchObject({
    entrypoint: ['node', '--max-semi-space-size=1', '/stackc/agent.mjs'],
  });
});

describe('over a session', { timeout: MINUTE_MS }, () => {
  let session: AgentSession;

  beforeAll(async () => {
    session = await execAgentConnector(engine).open(AGENT);
    await Promise.all([serve('one', '.app0.1'), serve('two', '.app0.2')]);
  }, MINUTE_MS);
  afterAll(() => session.close());

  test('servers answer by container name and by their sockets in the shared volume', async () => {
    const targets: ProbeTarget[] = [
      { kind: 'tcp', host: nameOf('one'), port: 8080 },
      { kind: 'tcp', host: nameOf('two'), port: 8080 },
      { kind: 'socket', path: `${SOCKS}/.app0.1` },
      { kind: 'socket', path: `${SOCKS}/.app0.2` },
    ];
    for (const target of targets) await answered(session, target);
    await expect(
      session.probe({
        target: { kind: 'tcp', host: nameOf('one'), port: 9 },
        ask: { kind: 'connect' },
        timeoutMs: 5000,
      }),
    ).resolves.toEqual({ ok: false, error: 'ECONNREFUSED' });
    await expect(
      session.probe({ target: { kind: 'socket', path: `${SOCKS}/.app0.3` }, ask: HTTP, timeoutMs: 5000 }),
    ).resolves.toEqual({ ok: false, error: 'ENOENT (nothing of that name)' });
  });

  test('the published name leads to one server, then to the other, for every container that mounts the volume', async () => {
    const asked = async (): Promise<string> => {
      const get = "require('http').get({socketPath:'/socks/app0.sock'},r=>r.pipe(process.stdout))";
      return (await run(nameOf('one'), ['node', '-e', get])).output;
    };
    await session.publish(SOCKS, 'app0.sock', '.app0.1');
    await expect(asked()).resolves.toBe('one');
    await answered(session, { kind: 'socket', path: `${SOCKS}/app0.sock` });
    await session.publish(SOCKS, 'app0.sock', '.app0.2');
    await expect(asked()).resolves.toBe('two');
    await session.unlink(SOCKS, 'app0.sock');
    await session.unlink(SOCKS, 'app0.sock');
    const { output } = await run(nameOf('one'), ['ls', '-A', '/socks']);
    expect(output.trim().split('\n').toSorted()).toEqual(['.app0.1', '.app0.2']);
  });

  test('what lies outside of the volumes stays out of reach', async () => {
    await expect(session.unlink('/etc', 'hosts')).rejects.toThrow('`/etc` does not lie below /stackc/v/');
  });

  test('nothing of a closed session stays in the container', async () => {
    const sessions = async (): Promise<number> => {
      const script = `
        const fs = require('fs');
        const words = (pid) => { try { return fs.readFileSync('/proc/' + pid + '/cmdline', 'utf8'); } catch { return ''; } };
        console.log(fs.readdirSync('/proc').filter((pid) => words(pid).startsWith('socat\\0')).length);`;
      return Number((await run(AGENT, ['node', '-e', script])).output);
    };
    const before = await sessions();
    const another = await execAgentConnector(engine).open(AGENT);
    await expect(sessions()).resolves.toBe(before + 1);
    another.close();
    await expect.poll(sessions, { timeout: 10_000 }).toBe(before);
  });
});

describe('gates of real containers', { timeout: MINUTE_MS }, () => {
  const gate: HttpGate = {
    kind: 'http',
    over: 'socket',
    path: '/ping',
    status: [[200, 299]],
    timeoutMs: 2000,
    intervalMs: 50,
    limitMs: 30_000,
  };
  let session: AgentSession;

  beforeAll(async () => {
    session = await execAgentConnector(engine).open(AGENT);
  });
  afterAll(() => session.close());

  async function pass(name: string, how: Gate): Promise<{ note: string; progress: string[] }> {
    const progress: string[] = [];
    const context = {
      engine,
      agent: session,
      shared: null,
      containerId: nameOf(name),
      address: nameOf(name),
      socketPath: `${SOCKS}/.${name}`,
      clock: systemClock,
      onProgress: (line: string) => void progress.push(line),
    };
    const { note } = await passGate(how, context, new AbortController().signal);
    return { note, progress };
  }

  test('a server that listens, then refuses, then serves', async () => {
    await serve('late', '.late', 'Date.now() > started + 700 ? 200 : 503');
    const { note, progress } = await pass('late', gate);
    expect(note).toMatch(/^ready after [\d.]+ m?s: 200 from GET \/ping$/);
    expect(progress).toContain('not ready yet: 503 from GET /ping');
    await expect(pass('late', { ...gate, over: { port: 8080 } })).resolves.toMatchObject({
      note: expect.any(String),
    });
    await expect(pass('late', { ...gate, kind: 'tcp', over: { port: 8080 } })).resolves.toMatchObject({
      note: expect.stringContaining('accepts connections'),
    });
  });

  test('a server that never gets ready', async () => {
    await serve('never', '.never', '503');
    await expect(pass('never', { ...gate, limitMs: 600 })).rejects.toEqual(
      new GateError('not ready after 600 ms: last answer 503 from GET /ping'),
    );
  });

  test('a server that ends is not waited for', async () => {
    const startedAt = Date.now();
    await start(nameOf('dies'), {
      command: ['-e', 'setTimeout(() => process.exit(3), 300)'],
      entrypoint: ['node'],
    });
    await expect(pass('dies', gate)).rejects.toThrow(/^exited with code 3 after /);
    await expect(pass('dies', gate)).rejects.toThrow(/^exited with code 3 after /);
    expect(Date.now() - startedAt).toBeLessThan(gate.limitMs / 2);
  });

  test('a command, and the time that a container ran', async () => {
    await serve('worker', '.worker');
    const command = ['node', '-e', 'process.exit(require("fs").existsSync("/socks/.worker") ? 0 : 1)'];
    const { limitMs } = gate;
    await expect(pass('worker', { ...gate, kind: 'command', command })).resolves.toMatchObject({
      note: expect.stringContaining('the command exited with 0'),
    });
    await expect(
      pass('worker', { ...gate, kind: 'command', command: ['no-such-program'], limitMs: 500 }),
    ).rejects.toThrow(/^not ready after 500 ms: last .*no-such-program/);
    await expect(pass('worker', { kind: 'engine', limitMs, uptimeMs: 600 })).resolves.toMatchObject({
      note: expect.stringContaining('ran for 600 ms'),
    });
  });
});

test('a session that loses its agent says so', { timeout: MINUTE_MS }, async () => {
  const name = nameOf('killed');
  await start(name, { mounts: [volumeAt(SOCKS)] });
  const session = await execAgentConnector(engine).open(name);
  const server = nameOf('silent');
  await start(server, {
    entrypoint: ['node'],
    command: ['-e', "require('net').createServer().listen(8080)"],
  });
  const target = { kind: 'tcp', host: server, port: 8080 } as const;
  await expect.poll(() => accepts(session, target), { timeout: 10_000 }).toBe(true);
  const probe = session.probe({ target, ask: HTTP, timeoutMs: MINUTE_MS });
  await Promise.all([
    expect(probe).rejects.toThrow(`the session with the agent \`${name}\` is over`),
    engine.killContainer(name, 'SIGKILL'),
  ]);
  await expect(execAgentConnector(engine).open(name)).rejects.toThrow(`the agent \`${name}\` does not run`);
});

test('it is small, and stops at once and cleanly', { timeout: MINUTE_MS }, async () => {
  await expect.poll(() => said(AGENT), { timeout: 10_000 }).toContain('the agent is up');
  const residentKb = async (): Promise<number> =>
    Number(/\d+/.exec((await run(AGENT, ['grep', 'VmRSS', '/proc/1/status'])).output)?.[0]);
  // Idle, after all of the above: the collector takes its time.
  await expect.poll(residentKb, { timeout: 45_000, interval: 1000 }).toBeLessThan(60_000);
  const startedAt = Date.now();
  await engine.stopContainer(AGENT, 10);
  expect(Date.now() - startedAt).toBeLessThan(5000);
  await expect(engine.inspectContainer(AGENT)).resolves.toMatchObject({ state: 'exited', exitCode: 0 });
});

function nameOf(server: string): string {
  return `stackc-agent-${RUN}-${server}`;
}

function volumeAt(target: string): MountSpec {
  return {
    type: 'volume',
    source: VOLUME,
    target,
    readOnly: false,
    noCopy: true,
    relabel: null,
    dataVolume: null,
  };
}

/** A server on port 8080 and on a socket in the volume, which answers with its name. `status` is JavaScript. */
async function serve(name: string, socket: string, status = '200'): Promise<void> {
  const script = `
    const started = Date.now();
    const answer = (request, response) => { response.statusCode = ${status}; response.end('${name}'); };
    const { createServer } = require('http');
    createServer(answer).listen(8080);
    createServer(answer).listen('/socks/${socket}');`;
  await start(nameOf(name), { entrypoint: ['node'], command: ['-e', script], mounts: [volumeAt('/socks')] });
}

async function start(name: string, how: Partial<ContainerConfig>): Promise<void> {
  await engine.startContainer(
    await engine.createContainer(plainConfig({ name, image, labels: LABELS, network: NETWORK, ...how })),
  );
}

async function answered(session: AgentSession, target: ProbeTarget): Promise<void> {
  await expect
    .poll(() => session.probe({ target, ask: HTTP, timeoutMs: 5000 }), { timeout: 10_000 })
    .toEqual({ ok: true, status: 200, ms: expect.any(Number) });
}

async function accepts(session: AgentSession, target: ProbeTarget): Promise<boolean> {
  return (await session.probe({ target, ask: { kind: 'connect' }, timeoutMs: 5000 })).ok;
}

async function run(container: string, command: readonly string[]): Promise<{ output: string; code: number }> {
  const exec = await engine.exec(container, { command, tty: false, stdin: false });
  let output = '';
  for await (const chunk of exec.stdout) output += Buffer.from(chunk).toString('utf8');
  return { output, code: await exec.exitCode };
}

async function said(container: string): Promise<string> {
  let text = '';
  for await (const { data } of engine.logs(container, { tail: null, follow: false, timestamps: false })) {
    text += Buffer.from(data).toString('utf8');
  }
  return text;
}
