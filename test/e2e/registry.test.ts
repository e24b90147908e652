import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flakyWay } from '../support/flaky-way.ts';
import { LOGIN, OTHER_LOGIN, startRegistry, type Registry } from '../support/registry.ts';
import { docker, rows, StackFolder, unfolded, wipe, type Loose, type Ran } from '../support/stack-cli.ts';

const NAME = 'e2e-registry';
let folder: StackFolder;
let registry: Registry;
let second: Registry;

beforeAll(async () => {
  await wipe(NAME);
  folder = new StackFolder();
  registry = await startRegistry(folder.folder);
  second = await startRegistry(join(folder.folder, 'second'), OTHER_LOGIN);
});

afterAll(async () => {
  await Promise.all([registry.close(), second.close()]);
  await wipe(NAME);
  for (const { host } of [registry, second]) {
    const images = rows(await docker('images', '-q', '--filter', `reference=${host}/*`));
    if (images.length > 0) await docker('image', 'rm', '--force', ...new Set(images));
  }
  folder.remove();
});

const APP = { deploy: 'auto', startup_time: 0.1, stop_timeout: 1 };

function write(image: string, more: Loose = {}, top: Loose = {}, others: Loose = {}): void {
  const app = { ...APP, image: `${registry.host}/${image}`, ...more };
  folder.write({ ...top, name: NAME, deploy: { [NAME]: { containers: { app, ...others } } } });
}

/** With the login of docker's own settings. */
function run(...args: readonly string[]): Promise<Ran> {
  return folder.run(args, { env: { DOCKER_CONFIG: registry.dockerConfig } });
}

/** Without any login. */
function runBare(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return folder.run(args, { env: { DOCKER_CONFIG: join(folder.folder, 'none'), ...env } });
}

async function apply(): Promise<void> {
  const ran = await run('apply', '--yes');
  expect(ran.code, ran.stderr).toBe(0);
}

async function pending(): Promise<number | null> {
  return (await run('plan', '--detailed-exitcode')).code;
}

const generation = () =>
  docker(
    'inspect',
    '-f',
    '{{index .Config.Labels "io.stackc.generation"}} {{.State.Running}}',
    `${NAME}-app0`,
  );

describe('an image of a registry', () => {
  test('is pulled when it is missing, and again when its tag has moved, as `pull` says', async () => {
    await registry.publish('app', '1');
    write('app:1');
    expect((await run('plan')).stdout).toContain(
      `pull     image ${registry.host}/app:1\n    not on the engine`,
    );
    await apply();
    expect(await pending()).toBe(0);

    await registry.publish('app', '1');
    for (const [pull, code] of Object.entries({ missing: 0, never: 0, auto: 2, always: 2 })) {
      write('app:1', { pull });
      expect({ pull, code: await pending() }).toEqual({ pull, code });
    }
    expect((await run('plan')).stdout).toContain('the registry has another one');
    await apply();
    expect(await generation()).toBe('2 true');
    expect(await pending()).toBe(0);
  });

  test('comes with the credentials of the file, and not with others', async () => {
    await registry.publish('private', '1');
    const written = (password: string) => ({
      secrets: { WORD: { env: 'WORD' } },
      docker: { registries: { [registry.host]: { username: LOGIN.username, password } } },
    });
    write('private:1');
    const none = await runBare(['apply', '--yes']);
    expect(none.code).toBe(1);
    expect(none.stderr).toContain('warning[STK366]');
    expect(none.stderr).toMatch(
      /✗ image .*private:1 {2}pull {2}failed .*\n.* the registry wants a login, and there is none for it\n.* the engine: .*no basic auth credentials\n.* help: .*`docker\.registries`/,
    );

    write('private:1', {}, written('%{secret:WORD}'));
    const wrong = await runBare(['apply', '--yes'], { WORD: 'wrong-word' });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('the registry has no such image, or does not give it to you');
    expect(wrong.stderr).not.toContain('wrong-word');
    expect(await generation()).toBe('2 true');

    const right = await runBare(['apply', '--yes'], { WORD: LOGIN.password });
    expect(right.code, right.stderr).toBe(0);
    expect(right.stdout + right.stderr).not.toContain(LOGIN.password);
    expect(await generation()).toBe('3 true');
  });

  test('that is not there is told of by the plan, and fails the apply before anything is stopped', async () => {
    write('private:nowhere');
    const planned = await run('plan');
    expect(planned.code).toBe(0);
    expect(unfolded(planned.stderr)).toContain(
      'it is not on the engine and cannot be looked up: the registry has no such image',
    );
    const applied = await run('apply', '--yes');
    expect(applied.code).toBe(1);
    expect(applied.stderr).toContain('help: check the name and the tag: is it pushed?');
    expect(await generation()).toBe('3 true');
    write('private:nowhere', { pull: 'always' });
    const always = await run('plan');
    expect({ code: always.code, stdout: always.stdout }).toEqual({ code: 1, stdout: '' });
    expect(always.stderr).toContain('error[STK342]');
  });

  test('comes from several registries at once, each with its own login', async () => {
    await second.publish('other', '1');
    await registry.publish('private', '2');
    const login = ({ username, password }: typeof LOGIN) => ({ username, password });
    const both = (other: typeof LOGIN) => ({
      docker: { registries: { [registry.host]: login(LOGIN), [second.host]: login(other) } },
    });
    const side = { ...APP, image: `${second.host}/other:1` };
    write('private:2', {}, both(LOGIN), { side });
    const mixedUp = await runBare(['apply', '--yes']);
    expect(mixedUp.code).toBe(1);
    expect(mixedUp.stderr).toMatch(/✗ image \S+other:1 {2}pull {2}failed/);
    expect(await generation()).toBe('3 true');
    write('private:2', {}, both(OTHER_LOGIN), { side });
    const applied = await runBare(['apply', '--yes']);
    expect(applied.code, applied.stderr).toBe(0);
    expect(await generation()).toBe('4 true');
    expect(await docker('inspect', '-f', '{{.State.Running}}', `${NAME}-side0`)).toBe('true');
  });

  test('comes with what the helper of its registry tells, or the store of all others', async () => {
    await registry.publish('private', '3');
    await second.publish('other', '2');
    const settings = join(folder.folder, 'helped');
    mkdirSync(settings, { recursive: true });
    const helper = (name: string, host: string, { username, password }: typeof LOGIN) => {
      const told = JSON.stringify({ ServerURL: host, Username: username, Secret: password });
      const text = `#!/bin/sh\nread -r host\necho "$1 $host" >> ${settings}/asked\n[ "$host" = "${host}" ] && echo '${told}' && exit 0\necho 'credentials not found in native keychain'; exit 1\n`;
      writeFileSync(join(settings, `docker-credential-${name}`), text, { mode: 0o755 });
    };
    helper('e2e-own', registry.host, LOGIN);
    helper('e2e-store', second.host, OTHER_LOGIN);
    const config = { credHelpers: { [registry.host]: 'e2e-own' }, credsStore: 'e2e-store' };
    writeFileSync(join(settings, 'config.json'), JSON.stringify(config));
    write('private:3', {}, {}, { side: { ...APP, image: `${second.host}/other:2` } });
    const env = { DOCKER_CONFIG: settings, PATH: `${settings}:${process.env['PATH'] ?? ''}` };
    const applied = await folder.run(['apply', '--yes'], { env });
    expect(applied.code, applied.stderr).toBe(0);
    expect(await generation()).toBe('5 true');
    const asked = new Set(rows(readFileSync(join(settings, 'asked'), 'utf8')));
    expect([...asked].toSorted()).toEqual([`get ${registry.host}`, `get ${second.host}`].toSorted());
  });

  test('goes on where the registry was away in the middle of a pull', async () => {
    await registry.publish('private', 'big', 8_000_000);
    const way = await flakyWay(registry.host, { afterBytes: 2_000_000, forMs: 1000 });
    try {
      const { username, password } = LOGIN;
      const registries = { [way.host]: { username, password } };
      write('', { image: `${way.host}/private:big` }, { docker: { registries } });
      const applied = await runBare(['apply', '--yes']);
      expect(applied.code, applied.stderr).toBe(0);
      expect(way.broken()).toBeGreaterThan(0);
      expect(await generation()).toBe('6 true');
    } finally {
      await way.close();
      await docker('image', 'rm', '--force', `${way.host}/private:big`);
    }
    write('private:3');
    await apply();
  });

  test('whose password has expired, or which is gone from there, leaves everything serving', async () => {
    registry.admit(OTHER_LOGIN);
    write('private:3', { pull: 'always' });
    const expired = await run('plan');
    expect(expired.code).toBe(1);
    expect(expired.stderr).toContain('error[STK342]');
    write('private:3');
    const stands = await run('plan');
    expect(stands.code).toBe(0);
    expect(stands.stderr).toContain('warning[STK365]');
    registry.admit(LOGIN);
    expect((await run('plan')).stderr).not.toContain('STK365');
    registry.forget('private');
    const gone = await run('plan');
    expect(gone.code).toBe(0);
    expect(unfolded(gone.stderr)).toContain('the registry has no such image');
    write('private:3', { env: { AGAIN: '1' } });
    await apply();
    expect(await generation()).toBe('8 true');
  });

  test('stands while the registry is away, unless it must be asked', async () => {
    await registry.close();
    write('private:3', { env: { AGAIN: '1' } });
    const stands = await run('plan', '--detailed-exitcode');
    expect(stands.code).toBe(0);
    expect(stands.stderr).toContain('warning[STK365]');
    expect(unfolded(stands.stderr)).toContain(
      `nothing listens at ${registry.host}, where the registry should be`,
    );
    for (const tag of ['3', 'other']) {
      write(`private:${tag}`, { pull: 'always' });
      const always = await run('plan');
      expect(always.code).toBe(1);
      expect(always.stderr).toContain('error[STK342]');
    }
    write('private:other');
    const doubtful = await run('plan');
    expect(doubtful.code).toBe(0);
    expect(doubtful.stderr).toContain('warning[STK366]');
  });
});
