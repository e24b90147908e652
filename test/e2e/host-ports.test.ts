import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { docker, freePort, StackFolder, unfolded, wipe } from '../support/stack-cli.ts';

const NAME = 'e2e-host-ports';
let folder: StackFolder;

beforeEach(async () => {
  await wipe(NAME);
  folder = new StackFolder();
});

afterEach(async () => {
  await wipe(NAME);
  folder.remove();
});

function write(...ports: readonly string[]): void {
  const web = {
    deploy: 'auto',
    image: 'stackc-example/app:1',
    command: 'sleep infinity',
    ports,
    startup_time: 0.1,
    stop_signal: 'KILL',
  };
  folder.write({ name: NAME, deploy: { [NAME]: { containers: { web } } } });
}

async function apply(): Promise<void> {
  const ran = await folder.run(['apply', '--yes']);
  expect(ran.code, ran.stderr).toBe(0);
}

const published = () => docker('port', `${NAME}-web0`);

test('one that a process of the host has stops the apply before anything of the file is made', async () => {
  const [port, other] = [await freePort(), await freePort()];
  write(`127.0.0.1:${other}:80`);
  await apply();
  const process = createServer().listen(port, '0.0.0.0');
  const datagrams = createSocket('udp4').bind(port, '127.0.0.1');
  try {
    write(`127.0.0.1:${port}:80`, `127.0.0.1:${port}:53/udp`);
    const { code, stderr } = await folder.run(['apply', '--yes']);
    expect(code).toBe(1);
    expect(unfolded(stderr)).toContain(
      `port ${port}/udp of the host, which \`web0\` wants, is held by a program outside Docker: \`ss -lunp 'sport = :${port}'\` shows it`,
    );
    expect(unfolded(stderr)).toContain(
      `error: port ${port}/tcp of the host, which \`web0\` wants, is held by a program outside Docker: \`ss -ltnp 'sport = :${port}'\` shows it`,
    );
    expect(await published()).toBe(`80/tcp -> 127.0.0.1:${other}`);
    expect(await docker('ps', '-aq', '--filter', `name=^${NAME}-web0\\.`)).toBe('');
    expect((await folder.run(['history'])).stdout.trim().split('\n')).toHaveLength(2);
  } finally {
    process.close();
    datagrams.close();
  }
  write(`127.0.0.1:${port}:80`);
  await apply();
  expect(await published()).toBe(`80/tcp -> 127.0.0.1:${port}`);
});

test('one that another container publishes is told of by the plan, and stops the apply', async () => {
  const [port, other] = [await freePort(), await freePort()];
  write(`127.0.0.1:${other}:80`);
  await apply();
  const image = ['stackc-example/app:1', 'sleep', 'infinity'];
  const held = `port ${port}/tcp of the host, which \`web0\` wants, is published by container \`${NAME}-holder\``;
  write(`${port}:80`);
  expect((await folder.run(['plan'])).stderr).not.toContain('STK417');
  await docker('run', '-d', '--name', `${NAME}-holder`, '-p', `127.0.0.1:${port}:80`, ...image);
  try {
    const planned = await folder.run(['plan']);
    expect(planned.code).toBe(0);
    expect(unfolded(planned.stderr)).toContain(`warning[STK417]: ${held}`);
    const applied = await folder.run(['apply', '--yes']);
    expect(applied.code).toBe(1);
    expect(unfolded(applied.stderr)).toContain(`error[STK417]: ${held}`);
    expect(await published()).toBe(`80/tcp -> 127.0.0.1:${other}`);
    write(`127.0.0.2:${port}:80`);
    await apply();
  } finally {
    await docker('rm', '-f', `${NAME}-holder`);
  }
});
