import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { docker, PROGRAM, StackFolder, until, wipe } from '../support/stack-cli.ts';

const NAME = 'e2e-history';
const SECRET = 'hunter2hunter2hunter2';
const folder = new StackFolder();

beforeAll(() => wipe(NAME));
afterAll(async () => {
  await wipe(NAME);
  folder.remove();
});

/** One that takes three seconds to stop, and ends with `code` where that is not null. */
function write(version: string, code: number | null = null): void {
  const end = code === null ? 'while :; do sleep 0.1; done' : `echo "refused: $TOKEN"; exit ${code}`;
  writeFileSync(join(folder.folder, 'token'), SECRET);
  const worker = {
    deploy: 'auto',
    image: 'stackc-example/app:1',
    entrypoint: ['sh', '-c', `trap 'sleep 3; exit 0' TERM; ${end}`],
    startup_time: 0.2,
    strategy: { order: 'stop-first' },
    env: { VERSION: version, TOKEN: '%{secret:TOKEN}' },
  };
  folder.write({
    name: NAME,
    secrets: { TOKEN: { file: 'token' } },
    deploy: { [NAME]: { containers: { worker } } },
  });
}

/** Starts an apply, and waits until it stops the old generation. */
async function applyToTheStop() {
  const apply = spawn(process.execPath, [PROGRAM, 'apply', '--yes'], { cwd: folder.folder });
  let text = '';
  apply.stderr.on('data', (data: Buffer) => {
    text += data.toString();
  });
  const ended = once(apply, 'exit');
  await until(
    async () => text,
    (so) => /… worker0 {2}stop/.test(so),
    60_000,
  );
  return { apply, ended, text: () => text };
}

const journal = () =>
  docker('run', '--rm', '-v', `${NAME}.journal:/j`, 'stackc-example/app:1', 'cat', '/j/journal.jsonl');

test('a killed command, a killed agent, a failure: history tells each, and no secret', async () => {
  write('1');
  const first = await folder.run(['apply', '--yes']);
  expect(first.code, first.stderr).toBe(0);

  write('2');
  const killed = await applyToTheStop();
  killed.apply.kill('SIGKILL');
  await killed.ended;
  expect((await folder.run(['history'])).stdout).toMatch(/^2 .* cut off at e2e-history\/worker0 stop 1$/m);
  expect((await folder.run(['status'])).stderr).toMatch(
    /^apply 2 .* was cut off at e2e-history\/worker0 stop 1/,
  );
  expect((await folder.run(['apply', '--yes'])).code).toBe(0);
  expect((await folder.run(['status'])).stderr).toBe('');

  // The agent ends in the middle: the apply goes on, and its journal is whole.
  write('3');
  const orphan = await applyToTheStop();
  await docker('kill', `${NAME}-agent`);
  await docker('update', '--restart', 'unless-stopped', `${NAME}-agent`);
  const [code] = await orphan.ended;
  expect(code, orphan.text()).toBe(0);
  expect(orphan.text()).not.toContain('the journal lacks');
  const shown = await folder.run(['history', '4']);
  expect(shown.stdout, shown.stderr).toMatch(/^Revision 4 of stack `e2e-history`: done after /);
  expect(shown.stdout).not.toContain('no end known');

  write('4', 3);
  expect((await folder.run(['apply', '--yes'])).code).toBe(1);
  const failed = (await folder.run(['history', '5'])).stdout;
  expect(failed).toContain('│ refused: (masked)');
  expect(failed).toContain('taken back: e2e-history/worker0');
  expect(await journal()).not.toContain(SECRET);
}, 120_000);
