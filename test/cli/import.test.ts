import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { ContainerConfig } from '../../src/compiler/plan/container-config.ts';
import { stack } from '../support/cli.ts';
import { memoryEngine, type MemoryEngine } from '../support/memory-engine.ts';
import { plainConfig } from '../support/plain-config.ts';

const PLAN = 'stack plan --adopt';

let cwd: string;
let engine: MemoryEngine;

beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'stackc-import-'));
  engine = memoryEngine({ images: { 'shop:1': { config: { command: ['serve'] } } } });
  for (const name of ['app0', 'app1']) await run(name, { command: ['serve', '--as', name] });
});

afterEach(() => rmSync(cwd, { recursive: true, force: true }));

async function run(name: string, more: Partial<ContainerConfig> = {}): Promise<void> {
  const config = plainConfig({ name, image: 'shop:1', network: 'bridge', ...more });
  await engine.startContainer(await engine.createContainer(config));
}

const importRunning = (...words: readonly string[]) =>
  stack(['import', 'running', ...words], { cwd, engine });

test('the file goes to standard output, what is not in it to standard error', async () => {
  await run('worker', { hostProcesses: true, env: ['API_TOKEN=sentinel-1'] });
  const { code, stdout, stderr } = await importRunning('--name', 'shop');
  expect(code).toBe(0);
  expect(stdout.slice(stdout.indexOf('\nname:'))).toBe(`
name: shop
# Not copied from the containers. Each is read from a variable of your environment; \`{file: PATH}\` or
# \`{command: [PROGRAM, …]}\` do as well.
secrets:
  API_TOKEN:
    env: API_TOKEN
deploy:
  shop:
    containers:
      # nothing says when it is ready: add \`health: {path: /…}\` or \`health: {command: …}\`
      app:
        deploy: auto
        image: shop:1
        containers: 2
        command: serve --as %{app_name}
        restart: "no"
      # \`--pid=host\` cannot be said in a stack file
      # nothing says when it is ready: add \`health: {path: /…}\` or \`health: {command: …}\`
      worker:
        deploy: auto
        adopt: worker
        image: shop:1
        env:
          API_TOKEN: "%{secret:API_TOKEN}"
        restart: "no"
`);
  expect(stderr).toBe(`not in the file: worker: \`--pid=host\` cannot be said in a stack file
1 secret is not in the file; provide before \`${PLAN}\`:
  export API_TOKEN="$(docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' worker | sed -n 's/^API_TOKEN=//p')"
3 containers read, nothing changed. Read the file, then \`${PLAN}\`.
`);
});

test('`-o` writes a file that validates, and overwrites none without `--yes`', async () => {
  const wrote = await importRunning('-o', 'stack.yaml');
  expect([wrote.code, wrote.stdout]).toEqual([0, '']);
  expect(wrote.stderr).toContain(`Read \`stack.yaml\`, then \`${PLAN}\`.`);
  expect(await stack(['validate'], { cwd })).toMatchObject({ code: 0 });

  writeFileSync(join(cwd, 'stack.yaml'), 'mine');
  expect(await importRunning('-o', 'stack.yaml')).toMatchObject({ code: 1 });
  expect(readFileSync(join(cwd, 'stack.yaml'), 'utf8')).toBe('mine');
  expect(await importRunning('-o', 'stack.yaml', '--yes')).toMatchObject({ code: 0 });
  expect(readFileSync(join(cwd, 'stack.yaml'), 'utf8')).toContain('app:');
});

test('a name that ends in `.json`, and `--json`, give JSON', async () => {
  expect(await importRunning('-o', 'stack.json')).toMatchObject({ code: 0 });
  const written = readFileSync(join(cwd, 'stack.json'), 'utf8');
  const { stdout } = await importRunning('--json');
  expect(stdout).toBe(written);
  expect(JSON.parse(written)).toMatchObject({
    deploy: { imported: { containers: { app: { containers: 2 } } } },
  });
});

test('what cannot be asked for is told', async () => {
  expect(await importRunning('app2')).toMatchObject({
    code: 64,
    stderr:
      'error: no container and no Compose project is called `app2`\nhelp: did you mean `app0` or `app1`?\n',
  });
  expect(await importRunning('--name', 'My Shop')).toMatchObject({
    code: 64,
    stderr:
      "error: `My Shop` cannot be a stack's name\nhelp: a stack's name has lower-case letters, digits and single `-`: `my-shop`\n",
  });
  await run('agent', { labels: { 'io.stackc.stack': 'blog' } });
  expect(await importRunning('agent')).toMatchObject({
    code: 1,
    stderr:
      'error: nothing runs here that a stack file could be made of\n  `agent` is left out: it is of the stack `blog` already\n',
  });
  expect(await importRunning('-o', 'no/such/folder.yaml')).toMatchObject({ code: 1 });
  expect(existsSync(join(cwd, 'stack.yaml'))).toBe(false);
});
