import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { agentImage } from '../../src/runtime/agent/agent-image.ts';
import { freePort } from '../support/stack-cli.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scheduler-'));
  writeFileSync(join(folder, 'scheduler.mjs'), agentImage().files['scheduler.mjs'] ?? '');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Starts the program of the agent's image, without a container. */
function start(env: Readonly<Record<string, string>>) {
  return spawn(process.execPath, [join(folder, 'scheduler.mjs')], {
    env: {
      PATH: process.env['PATH'],
      STACKC_JOURNAL: folder,
      STACKC_AGENT_SOCKET: join(folder, 'run/agent.sock'),
      STACKC_ENGINE_SOCKET: join(folder, 'engine.sock'),
      ...env,
    },
  });
}

/** Resolves once a stream has said something, from now on. */
function said(stream: NodeJS.ReadableStream, words: string): Promise<void> {
  let text = '';
  return new Promise((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (text.includes(words)) resolve();
    });
  });
}

test('does not begin without a stack', async () => {
  const child = start({});
  const [code] = await once(child, 'exit');
  expect(code).toBe(64);
});

test('waits for an engine that is not there yet, answers whoever asks, and ends when it is told to', async () => {
  const child = start({ STACKC_STACK: 'shop' });
  await said(child.stdout, 'the engine does not answer');
  const socket = connect(join(folder, 'run/agent.sock'));
  socket.write('{"id":1,"op":"ping"}\n');
  await said(socket, '{"id":1,"ok":true,"result":null}');
  socket.destroy();
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
});

test('takes up its jobs as soon as there is one', async () => {
  const engine = createServer((request, answer) => {
    answer.setHeader('api-version', '1.41');
    answer.setHeader('content-type', 'application/json');
    answer.end(request.url?.includes('_ping') ? 'OK' : '[]');
  });
  const child = start({ STACKC_STACK: 'shop' });
  await said(child.stdout, 'the engine does not answer');
  const up = said(child.stdout, 'the agent is up');
  engine.listen(join(folder, 'engine.sock'));
  await up;
  const socket = connect(join(folder, 'run/agent.sock'));
  const by = '{"user":"deploy","host":"laptop"}';
  socket.write(`{"id":1,"op":"cron-run","job":"shop/backup","by":${by}}\n`);
  await said(socket, '`shop/backup` is no job of this stack');
  socket.destroy();
  child.kill('SIGTERM');
  await once(child, 'exit');
  engine.close();
});

test('asks the program beside it whom to watch over, on the engine that it has itself', async () => {
  const asked = `process.stdout.write('{}'); process.stderr.write(JSON.stringify([process.argv.slice(2), process.env.DOCKER_HOST]) + '\\n')`;
  writeFileSync(join(folder, 'stack.cjs'), asked);
  writeFileSync(join(folder, 'older-node.cjs'), '');
  const engine = createServer((request, answer) => {
    answer.setHeader('api-version', '1.41');
    answer.setHeader('content-type', 'application/json');
    // Whoever watches is told nothing.
    if (request.url?.includes('/events')) answer.flushHeaders();
    else answer.end(request.url?.includes('_ping') ? 'OK' : '[]');
  });
  engine.listen(join(folder, 'engine.sock'));
  const child = start({ STACKC_STACK: 'shop' });
  const words = ['--name', 'shop', 'heal', '--roster'];
  await said(child.stderr, JSON.stringify([words, `unix://${join(folder, 'engine.sock')}`]));
  child.kill('SIGTERM');
  await once(child, 'exit');
  engine.close();
});

test('serves metrics only where it is told to', async () => {
  const engine = createServer((request, answer) => {
    answer.setHeader('api-version', '1.41');
    answer.setHeader('content-type', 'application/json');
    answer.end(request.url?.includes('_ping') ? 'OK' : '[]');
  });
  engine.listen(join(folder, 'engine.sock'));
  const port = await freePort();
  const listen = `127.0.0.1:${port}`;
  const silent = start({ STACKC_STACK: 'shop' });
  await said(silent.stdout, 'the agent is up');
  await expect(fetch(`http://${listen}/metrics`)).rejects.toThrow();
  silent.kill('SIGTERM');
  await once(silent, 'exit');
  const child = start({ STACKC_STACK: 'shop', STACKC_METRICS_LISTEN: listen, STACKC_VERSION: '0.1.0-test' });
  await said(child.stdout, `metrics are served at ${listen}`);
  const text = await (await fetch(`http://${listen}/metrics`)).text();
  expect(text).toContain('stackc_agent_info{stack="shop",version="0.1.0-test"} 1\n');
  expect(text).toContain('stackc_engine_up{stack="shop"} 1\n');
  child.kill('SIGTERM');
  await once(child, 'exit');
  engine.close();
});
