import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { registryAuth } from '../../../src/runtime/docker/registry-auth.ts';

let configFolder: string;
const path = process.env['PATH'];

beforeEach(() => {
  configFolder = mkdtempSync(join(tmpdir(), 'stackc-auth-'));
});

afterEach(() => {
  process.env['PATH'] = path;
  rmSync(configFolder, { recursive: true, force: true });
});

const HUB = 'https://index.docker.io/v1/';

it('finds nothing where nothing is', async () => {
  expect(await find('redis:7')).toBeNull();
});

it('takes what is given before what docker has', async () => {
  config({ auths: { 'r.example': { auth: base64('file:file') } } });
  const explicit = {
    'https://r.example/': { username: 'u', password: 'p' },
    'docker.io': { username: 'h', password: 'q' },
  };
  expect(await find('r.example/a:1', explicit)).toEqual({
    username: 'u',
    password: 'p',
    serverAddress: 'r.example',
  });
  expect(await find('redis', explicit)).toEqual({ username: 'h', password: 'q', serverAddress: HUB });
});

it.each(['r.example:5000', 'https://r.example:5000', 'http://r.example:5000/v1/'])(
  'reads auths under %s',
  async (key) => {
    config({ auths: { [key]: { auth: base64('u:p:with:colons\u0000') } } });
    const found = { username: 'u', password: 'p:with:colons', serverAddress: 'r.example:5000' };
    expect(await find('r.example:5000/a')).toEqual(found);
    expect(await find('r.example/a')).toBeNull();
  },
);

it("reads Docker Hub's odd key", async () => {
  config({ auths: { [HUB]: { auth: base64('u:p') } } });
  expect(await find('me/private')).toEqual({ username: 'u', password: 'p', serverAddress: HUB });
});

it('reads identity tokens', async () => {
  config({ auths: { 'r.example': { identitytoken: 'tok' } } });
  const found = { username: '', password: '', serverAddress: 'r.example', identityToken: 'tok' };
  expect(await find('r.example/a')).toEqual(found);
});

it('asks the helper of that registry, else the store', async () => {
  config({ credHelpers: { 'r.example': 'one' }, credsStore: 'two' });
  helper('one', 'read host; echo "{\\"Username\\": \\"of one\\", \\"Secret\\": \\"$host\\"}"');
  helper('two', 'read host; echo "{\\"Username\\": \\"<token>\\", \\"Secret\\": \\"$host\\"}"');
  expect(await find('r.example/a')).toMatchObject({ username: 'of one', password: 'r.example' });
  expect(await find('redis')).toMatchObject({ username: '', identityToken: HUB });
});

it('falls back on the file where the store has nothing', async () => {
  config({ auths: { 'r.example': { auth: base64('u:p') } }, credsStore: 'empty' });
  helper('empty', 'echo "credentials not found in native keychain"; exit 1');
  expect(await find('r.example/a')).toMatchObject({ username: 'u' });
  expect(await find('other.example/a')).toBeNull();
});

it('tells of a helper that fails or is not there', async () => {
  config({ credsStore: 'broken' });
  await expect(find('redis')).rejects.toThrow('`docker-credential-broken`, which is not installed');
  helper('broken', 'echo "the vault is locked" >&2; exit 1');
  await expect(find('redis')).rejects.toThrow(
    '`docker-credential-broken` failed for https://index.docker.io/v1/: the vault is locked',
  );
  helper('broken', 'echo hunter2');
  await expect(find('redis')).rejects.toThrow('gave no credentials');
  await expect(find('redis')).rejects.not.toThrow('hunter2');
});

it('tells of an entry that is none, without telling it', async () => {
  config({ auths: { 'r.example': { auth: base64('hunter2') } } });
  await expect(find('r.example/a')).rejects.toThrow('no user and password for r.example');
  await expect(find('r.example/a')).rejects.not.toThrow('hunter2');
});

function find(reference: string, explicit: Record<string, { username: string; password: string }> = {}) {
  return registryAuth(reference, { explicit, configFolder });
}

function config(value: object): void {
  writeFileSync(join(configFolder, 'config.json'), JSON.stringify(value));
}

function helper(name: string, script: string): void {
  const file = join(configFolder, `docker-credential-${name}`);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  process.env['PATH'] = `${configFolder}:${path ?? ''}`;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
