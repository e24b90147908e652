import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { connectEngine } from '../../src/runtime/docker/docker-engine.ts';
import { parseHost } from '../../src/runtime/docker/host-url.ts';
import type { ContainerConfig } from '../../src/compiler/plan/container-config.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { plainConfig } from '../support/plain-config.ts';

const run = randomBytes(4).toString('hex');
const folder = mkdtempSync(join(tmpdir(), 'stackc-ssh-'));
const path = process.env['PATH'];

/** What sshd does with the words after the host: a shell runs them, here on this machine. */
const SSH = `#!/bin/sh
while [ "$1" != "--" ]; do shift; done
shift 2
exec sh -c "exec $*"
`;

let engine: Engine;

beforeAll(async () => {
  writeFileSync(join(folder, 'ssh'), SSH);
  chmodSync(join(folder, 'ssh'), 0o755);
  process.env['PATH'] = `${folder}:${path ?? ''}`;
  engine = await connectEngine(parseHost('ssh://deploy@somewhere'));
});

afterAll(async () => {
  for (const { id } of await engine.listContainers([`contract.run=${run}`])) await engine.removeContainer(id);
  engine.close();
  process.env['PATH'] = path;
  rmSync(folder, { recursive: true, force: true });
});

describe('an engine behind `docker system dial-stdio`', () => {
  it('answers many calls at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => engine.facts()));
    expect(new Set(answers.map(({ version }) => version)).size).toBe(1);
  });

  it('waits and follows logs', async () => {
    const id = await engine.createContainer(
      container('log', ['sh', '-c', 'echo one; sleep 0.2; echo two; exit 3']),
    );
    const code = engine.waitContainer(id);
    await engine.startContainer(id);
    let text = '';
    for await (const { data } of engine.logs(id, { tail: null, follow: true, timestamps: false })) {
      text += Buffer.from(data).toString('utf8');
    }
    expect({ text, code: await code }).toEqual({ text: 'one\ntwo\n', code: 3 });
  });

  it('runs commands, with input and its end', async () => {
    const id = await engine.createContainer(container('exec', ['sleep', '60']));
    await engine.startContainer(id);
    const session = await engine.exec(id, { command: ['sh', '-c', 'cat; exit 4'], tty: false, stdin: true });
    const long = 'x'.repeat(300_000);
    void session.write(long);
    session.endInput();
    let text = '';
    for await (const data of session.stdout) text += Buffer.from(data).toString('utf8');
    expect(text).toBe(long);
    expect(await session.exitCode).toBe(4);
  });

  it('attaches before the start, with input and its end, and hears of the start', async () => {
    const over = new AbortController();
    const starts = await engine.watchStarts([`contract.run=${run}`, 'watch=me'], over.signal);
    const config = container('attach', ['sh', '-c', 'cat; exit 6']);
    const labels = { ...config.labels, watch: 'me' };
    const id = await engine.createContainer({ ...config, labels, openStdin: true });
    const code = engine.waitContainer(id);
    const session = await engine.attach(id, { tty: false, stdin: true });
    await engine.startContainer(id);
    const long = 'x'.repeat(300_000);
    await session.write(long);
    session.endInput();
    let text = '';
    for await (const data of session.stdout) text += Buffer.from(data).toString('utf8');
    expect(text).toBe(long);
    expect(await code).toBe(6);
    for await (const started of starts) {
      expect(started.id).toBe(id);
      over.abort();
    }
  });
});

function container(name: string, command: readonly string[]): ContainerConfig {
  const labels = { 'contract.run': run };
  return plainConfig({ name: `stackc-ssh-${run}-${name}`, image: 'debian:bookworm-slim', command, labels });
}
