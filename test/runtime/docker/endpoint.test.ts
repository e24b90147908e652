import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { chooseEndpoint, type EndpointChoice } from '../../../src/runtime/docker/endpoint.ts';
import { EngineError } from '../../../src/runtime/engine.ts';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'stackc-home-'));
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('which engine is meant', () => {
  const file = { currentContext: 'current' };
  const cases: readonly [string, Partial<EndpointChoice>, string][] = [
    ['nothing said: the current context', {}, 'unix:///current.sock (context current)'],
    ['DOCKER_CONTEXT before it', { env: { DOCKER_CONTEXT: 'other' } }, 'tcp://other:2375 (context other)'],
    [
      'DOCKER_HOST before DOCKER_CONTEXT',
      { env: { DOCKER_HOST: 'unix:///env.sock', DOCKER_CONTEXT: 'other' } },
      'unix:///env.sock',
    ],
    [
      '--host before DOCKER_HOST',
      { host: 'unix:///flag.sock', env: { DOCKER_HOST: 'x' } },
      'unix:///flag.sock',
    ],
    [
      '--context before DOCKER_HOST',
      { context: 'other', env: { DOCKER_HOST: 'unix:///env.sock' } },
      'tcp://other:2375 (context other)',
    ],
    [
      '--context default: the environment',
      { context: 'default', env: { DOCKER_HOST: 'unix:///e' } },
      'unix:///e',
    ],
    ['--context default: the default socket', { context: 'default' }, 'unix:///var/run/docker.sock'],
    ['DOCKER_CONTEXT=default', { env: { DOCKER_CONTEXT: 'default' } }, 'unix:///var/run/docker.sock'],
    [
      'empty variables count as unset',
      { env: { DOCKER_HOST: '', DOCKER_CONTEXT: '' } },
      'unix:///current.sock (context current)',
    ],
  ];
  it.each(cases)('%s', (_name, given, words) => {
    writeConfig(file);
    writeContext('current', { Host: 'unix:///current.sock' });
    writeContext('other', { Host: 'tcp://other:2375' });
    expect(choose(given).words).toBe(words);
  });

  it('is the default socket without any settings', () => {
    expect(choose({})).toEqual({
      kind: 'socket',
      path: '/var/run/docker.sock',
      words: 'unix:///var/run/docker.sock',
    });
    expect(choose({ platform: 'win32' })).toMatchObject({ kind: 'socket', path: '//./pipe/docker_engine' });
  });

  it('reads the settings from DOCKER_CONFIG', () => {
    writeContext('elsewhere', { Host: 'unix:///elsewhere.sock' }, join(home, 'config'));
    const env = { DOCKER_CONFIG: join(home, 'config'), DOCKER_CONTEXT: 'elsewhere' };
    expect(choose({ env })).toMatchObject({ kind: 'socket', path: '/elsewhere.sock' });
  });
});

describe('an address', () => {
  const cases: readonly [string, object][] = [
    ['unix:///run/user/1000/docker.sock', { kind: 'socket', path: '/run/user/1000/docker.sock' }],
    ['unix://', { kind: 'socket', path: '/var/run/docker.sock' }],
    ['npipe:////./pipe/docker_engine', { kind: 'socket', path: '//./pipe/docker_engine' }],
    ['tcp://10.0.0.1', { kind: 'tcp', host: '10.0.0.1', port: 2375, secure: false, basePath: '' }],
    ['tcp://h:80', { kind: 'tcp', host: 'h', port: 80 }],
    ['10.0.0.1:4000', { kind: 'tcp', host: '10.0.0.1', port: 4000 }],
    ['tcp://[::1]:2375/base/', { kind: 'tcp', host: '::1', port: 2375, basePath: '/base' }],
    ['http://h:1234', { kind: 'tcp', host: 'h', port: 1234, secure: false }],
    ['https://h', { kind: 'tcp', host: 'h', port: 2376, secure: true, tls: null }],
    ['ssh://h', { kind: 'ssh', host: 'h', user: null, port: null, path: null }],
    [
      'ssh://deploy@h:2222/run/docker.sock',
      { kind: 'ssh', host: 'h', user: 'deploy', port: 2222, path: '/run/docker.sock' },
    ],
  ];
  it.each(cases)('%s', (host, endpoint) => {
    expect(choose({ host })).toMatchObject(endpoint);
  });

  it.each([
    ['fd://3', '`fd://` is no address of an engine'],
    ['ftp://h', '`ftp://` is no address of an engine'],
    ['tcp://', 'it should look like'],
    ['tcp://h:99999', 'it should look like'],
    ['ssh://', 'it'],
  ])('%s is none', (host, message) => {
    expect(() => choose({ host })).toThrow(EngineError);
    expect(() => choose({ host })).toThrow(message);
  });

  it('keeps a password out of messages', () => {
    expect(() => choose({ host: 'ssh://root:hunter2@h' })).toThrow('a password in it is not supported');
    expect(() => choose({ host: 'ssh://root:hunter2@h' })).not.toThrow('hunter2');
  });
});

describe('TLS', () => {
  it('comes with DOCKER_TLS_VERIFY, from DOCKER_CERT_PATH', () => {
    const folder = writePems(join(home, 'certs'));
    const env = { DOCKER_HOST: 'tcp://h', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: folder };
    const tls = { ca: 'of ca.pem', cert: 'of cert.pem', key: 'of key.pem', verify: true };
    expect(choose({ env })).toMatchObject({ port: 2376, secure: true, tls });
  });

  it("comes from docker's settings folder where no other is named", () => {
    writePems(join(home, '.docker'));
    const endpoint = choose({ env: { DOCKER_HOST: 'tcp://h:1', DOCKER_TLS_VERIFY: '1' } });
    expect(endpoint).toMatchObject({ port: 1, tls: { ca: 'of ca.pem' } });
  });

  it('is asked for without its files', () => {
    const env = { DOCKER_HOST: 'tcp://h', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: join(home, 'none') };
    expect(() => choose({ env })).toThrow('holds no `ca.pem`');
  });

  it('wants certificate and key together', () => {
    const folder = writePems(join(home, 'certs'));
    rmSync(join(folder, 'key.pem'));
    const env = { DOCKER_HOST: 'tcp://h', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: folder };
    expect(() => choose({ env })).toThrow('`cert.pem` without `key.pem`');
  });

  it("comes from a context's own files", () => {
    const id = writeContext('far', { Host: 'tcp://far:2376', SkipTLSVerify: true });
    writePems(join(home, '.docker/contexts/tls', id, 'docker'));
    expect(choose({ context: 'far' })).toMatchObject({
      secure: true,
      tls: { ca: 'of ca.pem', verify: false },
    });
  });
});

describe('a context', () => {
  it('that does not exist: the error names those that do', () => {
    writeContext('zeta', { Host: 'unix:///z' });
    writeContext('alpha', { Host: 'unix:///a' });
    expect(() => choose({ context: 'nope' })).toThrow(
      'there is no docker context `nope`; there are `default`, `alpha`, `zeta`',
    );
  });

  it('and --host exclude each other', () => {
    expect(() => choose({ context: 'a', host: 'unix:///x' })).toThrow('exclude each other');
  });

  it('without an address', () => {
    writeContext('hollow', {});
    expect(() => choose({ context: 'hollow' })).toThrow('has no address of an engine');
  });

  it('behind a broken config.json, which is not quoted', () => {
    mkdirSync(join(home, '.docker'));
    writeFileSync(join(home, '.docker/config.json'), '{"auths": {"x": "hunter2"');
    expect(() => choose({})).toThrow('config.json` is not JSON');
    expect(() => choose({})).not.toThrow('hunter2');
    // Nothing of it is needed for a written address.
    expect(choose({ host: 'unix:///x' })).toMatchObject({ path: '/x' });
  });
});

function choose(given: Partial<EndpointChoice>): ReturnType<typeof chooseEndpoint> {
  return chooseEndpoint({ context: null, host: null, env: {}, home, platform: 'linux', ...given });
}

function writeConfig(config: object): void {
  mkdirSync(join(home, '.docker'), { recursive: true });
  writeFileSync(join(home, '.docker/config.json'), JSON.stringify(config));
}

function writeContext(name: string, endpoint: object, folder = join(home, '.docker')): string {
  const id = createHash('sha256').update(name).digest('hex');
  mkdirSync(join(folder, 'contexts/meta', id), { recursive: true });
  const meta = { Name: name, Metadata: {}, Endpoints: { docker: endpoint } };
  writeFileSync(join(folder, 'contexts/meta', id, 'meta.json'), JSON.stringify(meta));
  return id;
}

function writePems(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const name of ['ca.pem', 'cert.pem', 'key.pem']) writeFileSync(join(folder, name), `of ${name}`);
  return folder;
}
