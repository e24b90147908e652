import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { command, docker, StackFolder, until, wipe } from '../support/stack-cli.ts';

const NAME = 'e2e-detach';
const SECRET = 'hunter2hunter2hunter2';
const folder = new StackFolder();

beforeAll(() => wipe(NAME));
afterAll(async () => {
  await wipe(NAME);
  folder.remove();
});

/** Two that take two seconds each to count as ready. */
function write(version: string): void {
  writeFileSync(join(folder.folder, 'token'), SECRET);
  const worker = {
    deploy: 'auto',
    image: 'debian:bookworm-slim',
    containers: 2,
    command: ['sh', '-c', 'echo $TOKEN; exec sleep infinity'],
    startup_time: 2,
    stop_signal: 'KILL',
    env: { VERSION: version, TOKEN: '%{secret:TOKEN}' },
  };
  folder.write({
    name: NAME,
    secrets: { TOKEN: { file: 'token' } },
    deploy: { [NAME]: { containers: { worker } } },
  });
}

const versions = async () =>
  (
    await docker(
      'inspect',
      '-f',
      '{{range .Config.Env}}{{println .}}{{end}}',
      `${NAME}-worker0`,
      `${NAME}-worker1`,
    )
  ).match(/(?<=VERSION=)\d+/g);

test('an apply goes on without who began it, is followed, keeps others out, ends when told to, and holds no secret', async () => {
  write('1');
  expect((await folder.run(['apply', '--yes'])).code).toBe(0);

  write('2');
  const handed = await folder.run(['apply', '--yes', '--detach']);
  expect(handed.code, handed.stderr).toBe(0);
  expect(handed.stderr).toContain(`goes on by itself, in the container \`${NAME}.apply\``);
  expect((await folder.run(['status'])).stderr).toMatch(/^apply 2 goes on: .* for `stack apply`/m);
  const refused = await folder.run(['apply', '--yes']);
  expect(refused.code, refused.stderr).toBe(75);
  // Its input is gone with its reader, and it wrote nothing of it down.
  const made = await docker('inspect', `${NAME}.apply`);
  const written = await command('sh', ['-c', `docker export ${NAME}.apply | grep -ac ${SECRET}`]);
  expect(made).not.toContain(SECRET);
  expect(written.stdout.trim()).toBe('0');
  const followed = await folder.run(['attach']);
  expect(followed.code, followed.stderr).toBe(0);
  expect(followed.stdout).toBe('');
  expect(followed.stderr).toMatch(/✓ worker0 .*create generation 2[\s\S]*Applied in .*: 2 replaced\.\n$/);
  expect(await versions()).toEqual(['2', '2']);
  const [first = '', ...rest] = (await folder.run(['attach'])).stderr.split('\n');
  expect(first).toMatch(/^no apply goes on: apply 2, begun .*Z, has ended with exit code 0; it said:$/);
  expect(rest.join('\n')).toBe(followed.stderr);
  expect((await folder.run(['status'])).stderr).toBe('');

  write('3');
  expect((await folder.run(['apply', '--yes', '--detach'])).code).toBe(0);
  await docker('stop', `${NAME}.apply`);
  const stopped = await folder.run(['attach']);
  expect(stopped.code).toBe(143);
  expect(stopped.stderr).toMatch(/Interrupted after .*worker1/);
  expect(await versions()).toEqual(['3', '2']);
  const resumed = await folder.run(['resume', '--name', NAME, '--yes', '--detach', '--json']);
  expect(resumed.code, resumed.stderr).toBe(0);
  const events = (await folder.run(['attach', '--name', NAME])).stdout.trim().split('\n');
  expect(JSON.parse(events.at(-1) ?? '')).toMatchObject({ type: 'finished', failed: 0, interrupted: false });
  expect(await versions()).toEqual(['3', '3']);

  // Another path than the engine's own.
  write('4');
  const lost = await folder.run(['apply', '--yes', '--detach', '--engine-socket', '/run/nowhere.sock']);
  expect(lost.code).toBe(1);
  expect(lost.stderr).toContain('/run/nowhere.sock');
  expect(await versions()).toEqual(['3', '3']);
  await until(
    () => docker('ps', '-aq', '--filter', `name=^${NAME}.apply$`),
    (ids) => ids === '',
  );
  expect((await folder.run(['history'])).stdout).toMatch(/^4 .* done \(resume of 3\)$/m);
});
