import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { connectEngine } from '../../../src/runtime/docker/docker-engine.ts';
import { parseHost } from '../../../src/runtime/docker/host-url.ts';
import { sshArguments } from '../../../src/runtime/docker/ssh-agent.ts';
import { fakeEngine } from '../../support/fake-engine.ts';

let folder: string;
const path = process.env['PATH'];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stackc-ssh-'));
  process.env['PATH'] = `${folder}:${path ?? ''}`;
});

afterEach(() => {
  process.env['PATH'] = path;
  rmSync(folder, { recursive: true, force: true });
});

describe('the ssh program', () => {
  it.each([
    ['ssh://h', '-- h docker system dial-stdio'],
    ['ssh://deploy@h:2222', '-l deploy -p 2222 -- h docker system dial-stdio'],
    ['ssh://h/run/d.sock', '-- h docker --host=unix:///run/d.sock system dial-stdio'],
    ["ssh://h/a b'c", "-- h docker --host='unix:///a b'\\''c' system dial-stdio"],
    // What looks like an option comes after `--`.
    ['ssh://-oProxyCommand=x', '-- -oProxyCommand=x docker system dial-stdio'],
  ])('for %s', (address, wanted) => {
    expect(argumentsOf(address)).toBe(`-o BatchMode=yes -o ConnectTimeout=15 -T ${wanted}`);
  });

  it('carries calls, several of them one after the other, and ends with the engine', async () => {
    const server = await fakeEngine((_url, response) => response.end('[]'));
    const bridge = join(folder, 'bridge.mjs');
    const script = `import { connect } from 'node:net';
      const socket = connect(${JSON.stringify(server.path)});
      process.stdin.pipe(socket).pipe(process.stdout);`;
    writeFileSync(bridge, script);
    ssh(`echo $$ >> ${folder}/pids; exec ${process.execPath} ${bridge}`);
    const engine = await connectEngine(parseHost('ssh://deploy@somewhere'));
    for (let call = 0; call < 5; call += 1) expect(await engine.listContainers([])).toEqual([]);
    const pids = readFileSync(join(folder, 'pids'), 'utf8').trim().split('\n');
    expect(pids).toHaveLength(1);
    const many = await Promise.all(Array.from({ length: 20 }, () => engine.listContainers([])));
    expect(many).toHaveLength(20);
    const all = readFileSync(join(folder, 'pids'), 'utf8').trim().split('\n');
    expect(all.length).toBeLessThanOrEqual(4);
    engine.close();
    await gone(all.map(Number));
    await server.close();
  });

  it.each([
    ['echo "h: Permission denied (publickey)." >&2; exit 255', 'ssh: h: Permission denied (publickey).'],
    ['echo "Host key verification failed." >&2; exit 255', 'ssh: Host key verification failed.'],
    ['echo "sh: docker: command not found" >&2; exit 127', "docker's CLI is needed over there"],
    ['exit 255', 'ssh ended with exit code 255'],
  ])('that fails with %s', async (script, message) => {
    ssh(script);
    const call = connectEngine(parseHost('ssh://h'));
    await expect(call).rejects.toMatchObject({ kind: 'unreachable' });
    await expect(call).rejects.toThrow(message);
  });

  it('that is not installed', async () => {
    process.env['PATH'] = folder;
    await expect(connectEngine(parseHost('ssh://h'))).rejects.toThrow('the program `ssh` is not installed');
  });

  it('that ends before it has carried an answer', async () => {
    ssh('exit 0');
    await expect(connectEngine(parseHost('ssh://h'))).rejects.toMatchObject({ kind: 'cut-off' });
  });
});

function argumentsOf(address: string): string {
  const endpoint = parseHost(address);
  if (endpoint.kind !== 'ssh') throw new Error('no ssh address');
  return sshArguments(endpoint).join(' ');
}

function ssh(script: string): void {
  const file = join(folder, 'ssh');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

async function gone(pids: readonly number[]): Promise<void> {
  const end = performance.now() + 5000;
  while (pids.some(isAlive)) {
    if (performance.now() > end) throw new Error('ssh goes on running');
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
