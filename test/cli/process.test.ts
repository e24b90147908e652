import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labels } from '../../src/compiler/labels.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import { PROGRAM, ROOT } from '../support/stack-cli.ts';

let cwd: string;

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'stackc-process-'));
  const containers = Array.from({ length: 300 }, (_, index) => ({
    [`worker${index}x`]: { deploy: 'auto', image: 'worker:1', containers: 5 },
  }));
  writeFileSync(join(cwd, 'stack.json'), JSON.stringify({ name: 'shop', deploy: { shop: { containers } } }));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program; `lines`: closes its output after so many bytes, as `head` does. */
function run(words: readonly string[], closeAfter = Number.POSITIVE_INFINITY): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...words], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: cwd, DOCKER_HOST: 'unix:///nowhere/docker.sock' },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString();
      if (stdout.length >= closeAfter) child.stdout.destroy();
    });
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    child.stdin.end();
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe('the program', () => {
  it('tells its version, the same as the package', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('writes all of a long output into a pipe before it ends', async () => {
    const { code, stdout } = await run(['plan', '--offline', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).changes.length).toBeGreaterThan(1500);
    expect(stdout.length).toBeGreaterThan(1_000_000);
  });

  it('ends quietly when nobody reads on', async () => {
    const { code, stderr } = await run(['plan', '--offline', '--json'], 100);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('is 69 when the engine of the environment is not there', async () => {
    const { code, stderr } = await run(['plan']);
    expect(code).toBe(69);
    expect(stderr).toContain('/nowhere/docker.sock');
  });

  it('is 64 for wrong usage', async () => {
    expect((await run(['nonsense'])).code).toBe(64);
  });
});

it('writes into one pipe in the order of saying, however late it is read', async () => {
  const own = { [labels.stack]: 'shop', [labels.application]: 'shop', [labels.container]: 'app' };
  const Labels = { ...own, [labels.role]: 'instance', [labels.generation]: '1' };
  const State = { Status: 'running', StartedAt: '2026-01-01T00:00:00Z' };
  const containers = Array.from({ length: 2_000 }, (_, at) => ({
    Id: `c${at}`,
    Image: 'app:1',
    Names: [`/shop-application-with-a-long-name${at}`],
    State: 'running',
    Status: 'Up',
    Labels: { ...Labels, [labels.instance]: `application-with-a-long-name${at}` },
    NetworkSettings: { Networks: {} },
  }));
  const engine = await fakeEngine((url, response) => {
    const path = url.replace(/\?.*/, '');
    const found = containers.find(({ Id }) => path === `/containers/${Id}/json`);
    const details = {
      ...found,
      Name: found?.Names[0],
      State,
      Config: { Labels: found?.Labels },
      HostConfig: {},
    };
    const lists: Readonly<Record<string, object>> = { '/containers/json': containers, '/networks': [] };
    response.end(JSON.stringify(found === undefined ? (lists[path] ?? {}) : details));
  });
  try {
    // More than a pipe takes: what comes after it must wait.
    const line = `${process.execPath} ${PROGRAM} destroy --name shop 2>&1 | { sleep 1; cat; }`;
    const child = spawn('sh', ['-c', line], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: cwd, DOCKER_HOST: `unix://${engine.path}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString();
    });
    await new Promise((resolve) => {
      child.once('close', resolve);
    });
    expect(text.length).toBeGreaterThan(70_000);
    expect(text).toMatch(
      /Plan: 2000 to remove\.\n(.*\n)?error: standard input is no terminal .*\nhelp: .*\n$/,
    );
  } finally {
    await engine.close();
  }
});

/** An engine with one container, which stops when `release` is called, and a network. */
async function slowEngine() {
  const own = { [labels.stack]: 'shop', [labels.application]: 'shop', [labels.container]: 'app' };
  const Labels = { ...own, [labels.role]: 'instance', [labels.instance]: 'app0', [labels.generation]: '1' };
  const container = { Id: 'c1', Image: 'app:1', NetworkSettings: { Networks: {} } };
  const lists: Readonly<Record<string, object>> = {
    '/containers/json': [{ ...container, Names: ['/shop-app0'], State: 'running', Status: 'Up', Labels }],
    '/containers/c1/json': {
      ...container,
      Name: '/shop-app0',
      State: { Status: 'running', StartedAt: '2026-01-01T00:00:00Z' },
      Config: { Labels },
      HostConfig: {},
    },
    '/volumes': { Volumes: [] },
    '/networks': [{ Id: 'n1', Name: 'shop', Labels: own }],
  };
  const told: { stop?: (release: () => void) => void } = {};
  const stopping = new Promise<() => void>((resolve) => {
    told.stop = resolve;
  });
  const removed: string[] = [];
  const server = await fakeEngine((url, response, request) => {
    const path = url.replace(/\?.*/, '');
    const done = () => response.writeHead(204).end();
    if (path.endsWith('/stop')) told.stop?.(done);
    else if (request.method === 'DELETE') {
      removed.push(path);
      done();
    } else response.end(JSON.stringify(lists[path] ?? {}));
  });
  return { server, removed, stopping };
}

describe('a signal in the middle of a destroy', () => {
  it.each([
    ['finishes what is under way when the terminal closes', ['SIGHUP'], 143, ['/containers/c1']],
    ['leaves at once on the second Ctrl-C', ['SIGINT', 'SIGINT'], 130, []],
    ['leaves at once when told so twice', ['SIGHUP', 'SIGTERM'], 143, []],
  ] as const)('%s', async (_, signals, code, removed) => {
    const engine = await slowEngine();
    const child = spawn(process.execPath, [PROGRAM, 'destroy', '--name', 'shop', '--yes'], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: cwd, DOCKER_HOST: `unix://${engine.server.path}` },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = new Promise<number | null>((resolve) => {
      child.once('close', resolve);
    });
    const told = new Promise<void>((resolve) => {
      let stderr = '';
      child.stderr.on('data', (data: Buffer) => {
        stderr += data.toString();
        if (stderr.includes('finishing what is under way')) resolve();
      });
    });
    try {
      const release = await engine.stopping;
      child.kill(signals[0]);
      await told;
      if (signals.length === 1) release();
      else child.kill(signals[1]);
      expect(await ended).toBe(code);
      expect(engine.removed).toEqual(removed);
    } finally {
      child.kill('SIGKILL');
      await engine.server.close();
    }
  });

  it('goes on to the end of what is under way where nobody sees its output any more', async () => {
    const engine = await slowEngine();
    const line = `${process.execPath} ${PROGRAM} destroy --name shop --yes`;
    // script(1) is the terminal here; it goes without a word to its program.
    const terminal = spawn('script', ['--quiet', '--command', line, '/dev/null'], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: cwd, DOCKER_HOST: `unix://${engine.server.path}` },
      stdio: 'ignore',
    });
    try {
      const release = await engine.stopping;
      const closed = new Promise((resolve) => {
        terminal.once('close', resolve);
      });
      terminal.kill('SIGKILL');
      await closed;
      // Its SIGHUP is on the way, and nobody can see whether it has come.
      await new Promise((resolve) => setTimeout(resolve, 500));
      release();
      await expect.poll(() => engine.removed, { timeout: 10_000 }).toEqual(['/containers/c1']);
    } finally {
      terminal.kill('SIGKILL');
      await engine.server.close();
    }
  });
});
