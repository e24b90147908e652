import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { docker, rows, StackFolder, unfolded, wipe } from '../support/stack-cli.ts';

const NAME = 'e2e-hooks';
const SECRET = 'hook-secret-7f31';
const folder = new StackFolder();
const told = join(folder.folder, 'told');

beforeAll(async () => {
  await wipe(NAME);
  writeFileSync(
    join(folder.folder, 'tell'),
    `#!/bin/sh
echo "$STACKC_HOOK $STACKC_COMMAND $STACKC_REVISION [$STACKC_CHANGED] $STACKC_RESULT" >> told
echo "knows $1" >&2
exit \${CODE:-0}
`,
    { mode: 0o755 },
  );
});

afterAll(async () => {
  await wipe(NAME);
  folder.remove();
});

const tell = './tell %{secret:S}';
const inside = { container: 'app', command: ['sh', '-c', 'echo "inside $STACKC_HOOK, $GREETING"'] };

function describeStack(version: string, hooks: object = {}): void {
  folder.write({
    name: NAME,
    secrets: { S: { env: 'T_SECRET' } },
    hooks: {
      setup: inside,
      before_apply: tell,
      after_apply: tell,
      on_failure: tell,
      shutdown: tell,
      ...hooks,
    },
    deploy: {
      hooks: {
        containers: {
          app: {
            deploy: 'auto',
            image: 'debian:bookworm-slim',
            command: ['sh', '-c', 'trap exit TERM; sleep 600 & wait'],
            startup_time: 0,
            env: { GREETING: version },
          },
        },
      },
    },
  });
}

/** What a command said, and what its hooks were told. */
async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  rmSync(told, { force: true });
  const ran = await folder.run(args, { env: { T_SECRET: SECRET, ...env } });
  const said = unfolded(ran.stdout + ran.stderr);
  expect(said).not.toContain(SECRET);
  return { code: ran.code, said, told: existsSync(told) ? rows(readFileSync(told, 'utf8')) : [] };
}

/** The version that serves. */
async function serving(): Promise<string> {
  const env = await docker('inspect', '-f', '{{json .Config.Env}}', `${NAME}-hooks-app0`);
  return /GREETING=(\w+)/.exec(env)?.[1] ?? '';
}

test('the first apply: setup in a container, then the others, in their order, with their facts', async () => {
  describeStack('one');
  const { code, said, told: lines } = await run(['apply', '--yes']);
  expect(code, said).toBe(0);
  expect(said).toContain('Hook: setup runs sh -c echo');
  expect(said).toContain('Hook: before_apply runs ./tell %{secret:S}');
  expect(said).toContain('Hook: on_failure runs ./tell %{secret:S}, should it fail');
  expect(lines).toEqual(['before_apply apply 1 [hooks/app0] ', 'after_apply apply 1 [hooks/app0] done']);
  const order = [
    'hook setup │ inside setup, one',
    'hook before_apply │ knows (masked)',
    'create generation 1',
  ];
  const places = [...order, 'hook after_apply │ knows (masked)'].map((words) => said.indexOf(words));
  expect(places[0]).toBeGreaterThan(0);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(await docker('ps', '-aq', '--filter', `name=${NAME}-hooks-app.run`)).toBe('');
  expect((await run(['apply', '--yes'])).told).toEqual([]);
});

test('a `before_apply` that fails leaves the old version serving, and the history has it', async () => {
  describeStack('two');
  const { code, said, told: lines } = await run(['apply', '--yes'], { CODE: '3' });
  expect(code).toBe(1);
  expect(said).toContain('the hook `before_apply` exited with code 3');
  expect(said).toContain('nothing was changed, and all serves as before');
  expect(said).not.toContain('setup');
  expect(said).toContain('warning: the hook `on_failure` exited with code 3');
  expect(lines).toEqual(['before_apply apply 2 [hooks/app0] ', 'on_failure apply 2 [hooks/app0] failed']);
  expect(await serving()).toBe('one');
  const history = await run(['history', '2']);
  expect(history.said).toContain('the hook `before_apply` exited with code 3');
  expect(history.said).toContain('0 done, 1 failed');
});

test('so does one that takes too long, and what it has started ends with it', async () => {
  const words = 'sleep 60 & echo $! > pid; wait';
  describeStack('two', { before_apply: { command: ['sh', '-c', words], timeout: 1 } });
  const { code, said } = await run(['apply', '--yes']);
  expect(code).toBe(1);
  expect(said).toContain('the hook `before_apply` did not end within 1 s');
  const pid = readFileSync(join(folder.folder, 'pid'), 'utf8').trim();
  const state = existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ') Z ';
  expect(state).toMatch(/\) [ZX] /);
  expect(await serving()).toBe('one');
});

test('`--skip-hooks` goes without; `--detach` takes those that run in containers, and no others', async () => {
  describeStack('two');
  const refused = await run(['apply', '--yes', '--detach']);
  expect(refused.code).toBe(64);
  expect(refused.said).toContain('`before_apply`, `after_apply` and `on_failure` run on this machine');
  expect((await run(['plan', '--skip-hooks'])).said).not.toContain('Hook');
  describeStack('two', { before_apply: inside, after_apply: inside, on_failure: inside });
  const detached = await run(['apply', '--yes', '--detach']);
  expect(detached.code, detached.said).toBe(0);
  const attached = await run(['attach']);
  expect(attached.code, attached.said).toBe(0);
  expect(attached.said).toContain('hook before_apply │ inside before_apply, two');
  expect(attached.said).toContain('hook after_apply │ inside after_apply, two');
});

test('a rollback runs those of its revision, and a destroy says goodbye or removes nothing', async () => {
  const back = await run(['rollback', '1', '--yes']);
  expect(back.code, back.said).toBe(0);
  expect(back.told).toEqual([
    expect.stringMatching(/^before_apply rollback \d+ \[hooks\/app0\] $/),
    expect.stringMatching(/^after_apply rollback \d+ \[hooks\/app0\] done$/),
  ]);
  expect(await serving()).toBe('one');
  const kept = await run(['destroy', '--name', NAME, '--yes'], { CODE: '3' });
  expect(kept.code).toBe(1);
  expect(kept.said).toContain('nothing was removed');
  expect(await serving()).toBe('one');
  const gone = await run(['destroy', '--yes']);
  expect(gone.code, gone.said).toBe(0);
  expect(gone.told).toEqual([expect.stringMatching(/^shutdown destroy \d+ \[hooks\/app0\] $/)]);
});
