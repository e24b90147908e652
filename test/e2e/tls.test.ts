import { mkdirSync, rmSync, copyFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chooseEndpoint } from '../../src/runtime/docker/endpoint.ts';
import { command, StackFolder, wipe, type Ran, type RunOptions } from '../support/stack-cli.ts';
import { makeCertificates, tlsProxy, type TlsProxy } from '../support/tls-proxy.ts';

const NAME = 'e2e-tls';
let folder: StackFolder;
let proxy: TlsProxy;

const path = (...parts: readonly string[]) => join(folder.folder, ...parts);

beforeAll(async () => {
  await wipe(NAME);
  folder = new StackFolder();
  makeCertificates(path('good'));
  makeCertificates(path('strange'));
  const { env, platform } = process;
  const endpoint = chooseEndpoint({ context: null, host: null, env, home: homedir(), platform });
  if (endpoint.kind !== 'socket') throw new Error('this test stands between us and a local engine');
  proxy = await tlsProxy(path('good'), endpoint.path);
});

afterAll(async () => {
  await proxy.close();
  await wipe(NAME);
  folder.remove();
});

function address(): string {
  return `tcp://127.0.0.1:${proxy.port}`;
}

/** `stack` as somebody who has exported what the engine's certificates need. */
function run(args: readonly string[], certificates: string, options: RunOptions = {}): Promise<Ran> {
  const env = { DOCKER_HOST: address(), DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: certificates };
  return folder.run(args, { ...options, env });
}

describe('an engine behind TLS with client certificates', () => {
  test('is planned, applied, asked and talked to as one on this machine', async () => {
    const web = {
      deploy: 'auto',
      image: 'stackc-example/app:1',
      command: 'unicorn -c config/unicorn.rb -l 0.0.0.0:8080',
      port: 8080,
      health: { path: '/ping' },
      startup_time: 20,
    };
    folder.write({ name: NAME, deploy: { [NAME]: { containers: { web } } } });
    expect((await run(['plan', '--detailed-exitcode'], path('good'))).code).toBe(2);
    const applied = await run(['apply', '--yes'], path('good'));
    expect(applied.code, applied.stderr).toBe(0);
    expect((await run(['plan', '--detailed-exitcode'], path('good'))).code).toBe(0);
    const input = 'x'.repeat(300_000);
    const said = await run(['exec', 'web', '--', 'sh', '-c', 'cat; echo done >&2; exit 4'], path('good'), {
      input,
    });
    expect({ code: said.code, same: said.stdout === input, stderr: said.stderr }).toEqual({
      code: 4,
      same: true,
      stderr: 'done\n',
    });
    expect(
      (await run(['logs', 'web'], path('good'))).stderr + (await run(['logs', 'web'], path('good'))).stdout,
    ).toContain('master process ready');
    expect((await run(['run', 'web', '--', 'echo', 'hello'], path('good'))).stdout).toBe('hello\n');
  });

  test('is found through a context with its certificates', async () => {
    const config = path('docker');
    mkdirSync(config);
    const files = ['ca', 'cert', 'key'].map((name) => `${name}=${path('good', `${name}.pem`)}`).join(',');
    const made = await command(
      'docker',
      ['context', 'create', 'secure', '--docker', `host=${address()},${files}`],
      {
        env: { DOCKER_CONFIG: config, DOCKER_HOST: '' },
      },
    );
    expect(made.code, made.stderr).toBe(0);
    const status = await folder.run(['status', '--context', 'secure'], { env: { DOCKER_CONFIG: config } });
    expect(status.code, status.stderr).toBe(0);
    expect(status.stdout).toMatch(/^web0 +1 +running/m);
  });
});

describe('whoever is not let in learns why', () => {
  const fails = (ran: Ran, words: string) => {
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 69, stdout: '' });
    expect(ran.stderr).toContain(`the engine at ${address()}`);
    expect(ran.stderr).toContain(words);
  };

  test('with another CA', async () => {
    fails(
      await run(['status', '--name', NAME], path('strange')),
      "the server's certificate is not of an authority in `ca.pem`",
    );
  });

  test('without a certificate of a client', async () => {
    mkdirSync(path('bare'));
    copyFileSync(path('good', 'ca.pem'), path('bare', 'ca.pem'));
    fails(await run(['status', '--name', NAME], path('bare')), 'it wants a certificate of the client');
  });

  test('with a certificate of somebody else', async () => {
    mkdirSync(path('mixed'));
    copyFileSync(path('good', 'ca.pem'), path('mixed', 'ca.pem'));
    for (const name of ['cert.pem', 'key.pem']) copyFileSync(path('strange', name), path('mixed', name));
    fails(
      await run(['status', '--name', NAME], path('mixed')),
      'does it take the certificate of the client, `cert.pem`?',
    );
  });

  test('without TLS', async () => {
    const ran = await folder.run(['status', '--name', NAME], { env: { DOCKER_HOST: address() } });
    expect(ran.code).toBe(69);
    expect(ran.stderr).toContain('does it want TLS?');
  });

  test('by a name that the certificate does not have', async () => {
    const env = {
      DOCKER_HOST: `tcp://localhost:${proxy.port}`,
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: path('good'),
    };
    const ran = await folder.run(['status', '--name', NAME], { env });
    expect(ran.code).toBe(69);
    expect(ran.stderr).toContain("the server's certificate is for another host name");
  });

  test('with no certificates where they should be', async () => {
    rmSync(path('empty'), { recursive: true, force: true });
    mkdirSync(path('empty'));
    const ran = await run(['status', '--name', NAME], path('empty'));
    expect(ran.code).toBe(64);
    expect(ran.stderr).toContain('holds no `ca.pem`, `cert.pem`, `key.pem`');
  });
});
