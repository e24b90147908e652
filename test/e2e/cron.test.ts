import { afterAll, beforeAll, expect, test } from 'vitest';

import { docker, rows, StackFolder, unfolded, wipe } from '../support/stack-cli.ts';

const NAME = 'e2e-cron';
const TEMPLATE = `${NAME}-report.template`;
const AGENT = `${NAME}-agent-engine`;
const SECRET = 'heartbeat-secret-91c4';
const folder = new StackFolder();

beforeAll(() => wipe(NAME));

afterAll(async () => {
  await wipe(NAME);
  folder.remove();
});

/** An application called like its stack, with a daemon and, unless it is dropped, a job. */
function describeStack(job: Readonly<Record<string, unknown>> | null, more: object = {}): void {
  const image = 'debian:bookworm-slim';
  const web = {
    deploy: 'auto',
    image,
    command: ['sh', '-c', 'trap exit TERM; sleep 600 & wait'],
    startup_time: 0,
  };
  const report = {
    deploy: 'cron',
    image,
    command: ['sh', '-c', 'echo reported'],
    cron: { hour: 3, minute: 0, timezone: 'Europe/Rome' },
    heartbeat: 'https://hc.example.com/%{secret:PING}',
    ...job,
  };
  folder.write({
    name: NAME,
    secrets: { PING: { env: 'T_PING' } },
    deploy: { [NAME]: { containers: { web, ...(job === null ? {} : { report }) } } },
    ...more,
  });
}

async function run(...args: readonly string[]) {
  const ran = await folder.run(args, { env: { T_PING: SECRET } });
  const said = unfolded(ran.stdout + ran.stderr);
  expect(said).not.toContain(SECRET);
  return { code: ran.code, said };
}

/** Names and states of all that the stack has on the engine. */
async function all(): Promise<readonly string[]> {
  const format = '{{.Names}} {{.State}}';
  const label = `label=io.stackc.stack=${NAME}`;
  return [...rows(await docker('ps', '--all', '--filter', label, '--format', format))].sort();
}

const inspect = (name: string, format: string) => docker('inspect', '--format', format, name);

test('an apply makes the template of a job, and an agent that has the engine’s socket', async () => {
  describeStack({ env: { VERSION: 'one' } });
  const { code, said } = await run('apply', '--yes');
  expect(code, said).toBe(0);
  expect(said).toContain('runs at 0 3 * * * (Europe/Rome)');
  expect(said).toContain("has the engine's socket");
  const found = await all();
  expect(found).toContain(`${TEMPLATE} created`);
  expect(found).toContain(`${AGENT} running`);
  expect(JSON.parse(await inspect(TEMPLATE, '{{json .Config.Env}}'))).toContain('VERSION=one');
  expect(await inspect(TEMPLATE, '{{index .Config.Labels "io.stackc.job"}}')).toContain(
    '"timezone":"Europe/Rome"',
  );
  const socket = '{{range .Mounts}}{{if eq .Destination "/var/run/docker.sock"}}{{.Type}}{{end}}{{end}}';
  expect([await inspect(AGENT, socket), await inspect(`${NAME}-agent`, socket)]).toEqual(['bind', '']);
});

test('the engine’s socket can be opened in it, and nothing else of the host written', async () => {
  const open = `require('node:http').get({ socketPath: '/var/run/docker.sock', path: '/_ping' }, (answer) => {
    console.log(answer.statusCode); answer.resume();
  })`;
  expect(await docker('exec', AGENT, 'node', '-e', open)).toBe('200');
  expect(await inspect(AGENT, '{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.SecurityOpt}}')).toBe(
    'true [no-new-privileges]',
  );
});

test('what is secret of a job is in one file of its template, and nowhere else', async () => {
  expect(await docker('cp', `${TEMPLATE}:/stackc-job.json`, '-').then((tar) => tar.includes(SECRET))).toBe(
    true,
  );
  const names = (await all()).map((row) => row.split(' ')[0] ?? '');
  const others = await docker('inspect', ...names);
  expect(others).not.toContain(SECRET);
});

test('a second plan is empty', async () => {
  const { code, said } = await run('plan', '--detailed-exitcode');
  expect([code, said]).toEqual([0, expect.stringContaining('Nothing to do: 1 cron, 1 unchanged.')]);
});

test('another environment gives another template, and nobody else is touched', async () => {
  const before = await inspect(`${NAME}-web0`, '{{.Id}}');
  describeStack({ env: { VERSION: 'two' } });
  const planned = await run('plan');
  expect(planned.said).toContain('env VERSION  "one" → "two"');
  const { code, said } = await run('apply', '--yes');
  expect(code, said).toBe(0);
  expect(JSON.parse(await inspect(TEMPLATE, '{{json .Config.Env}}'))).toContain('VERSION=two');
  expect(await inspect(`${NAME}-web0`, '{{.Id}}')).toBe(before);
  expect((await all()).filter((row) => row.startsWith(`${NAME}-report`))).toEqual([`${TEMPLATE} created`]);
});

test('a rollback brings the template of its revision', async () => {
  const { code, said } = await run('rollback', '--yes');
  expect(code, said).toBe(0);
  expect(JSON.parse(await inspect(TEMPLATE, '{{json .Config.Env}}'))).toContain('VERSION=one');
});

test('an agent that somebody stopped is in `stack status`, and the next apply brings it back', async () => {
  await docker('stop', AGENT);
  const seen = await run('status', '--detailed-exitcode');
  expect(seen.code, seen.said).toBe(2);
  expect(seen.said).toContain(`no job runs: the agent that starts them, \`${AGENT}\`, is exited`);
  describeStack({ env: { VERSION: 'one' } });
  const { code, said } = await run('apply', '--yes');
  expect(code, said).toBe(0);
  expect(await all()).toContain(`${AGENT} running`);
});

test('where the host has no socket, nothing is begun', async () => {
  describeStack({ env: { VERSION: 'three' } }, { agent: { engine_socket: '/nowhere/docker.sock' } });
  const { code, said } = await run('apply', '--yes');
  expect(code, said).toBe(1);
  expect(said).toContain("the engine's host has no socket of the engine at `/nowhere/docker.sock`");
  expect(JSON.parse(await inspect(TEMPLATE, '{{json .Config.Env}}'))).toContain('VERSION=one');
});

test('an apply that goes on by itself makes it too', async () => {
  describeStack({ env: { VERSION: 'four' } });
  const begun = await run('apply', '--yes', '--detach');
  expect(begun.code, begun.said).toBe(0);
  const { code, said } = await run('attach');
  expect(code, said).toBe(0);
  expect(JSON.parse(await inspect(TEMPLATE, '{{json .Config.Env}}'))).toContain('VERSION=four');
});

test('a job that is dropped takes its template and the agent along', async () => {
  describeStack(null);
  const { code, said } = await run('apply', '--yes');
  expect(code, said).toBe(0);
  const left = (await all()).filter((row) => !/\.(?:revision\.|image\.|apply )/.test(row));
  expect(left).toEqual([`${NAME}-agent running`, `${NAME}-web0 running`]);
});

test('destroy leaves nothing', async () => {
  describeStack({});
  expect((await run('apply', '--yes')).code).toBe(0);
  const { code, said } = await run('destroy', '--yes');
  expect(code, said).toBe(0);
  expect(await all()).toEqual([]);
});
