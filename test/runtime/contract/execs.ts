import { expect, it } from 'vitest';

import { execCommands, play } from '../contract-programs.ts';
import { expectKind } from './expect-kind.ts';
import type { ContractScene } from './scene.ts';

/** Commands in running containers. */
export function execs(scene: ContractScene): void {
  it('gives both streams and the exit code', async () => {
    const { id } = await scene.run(play('run'));
    const session = await scene.engine.exec(id, { command: execCommands.both, tty: false, stdin: false });
    const [stdout, stderr] = await Promise.all([textOf(session.stdout), textOf(session.stderr)]);
    expect({ stdout, stderr, code: await session.exitCode }).toEqual({
      stdout: 'out\n',
      stderr: 'err\n',
      code: 5,
    });
  });

  it('passes input on, and its end', async () => {
    const { id } = await scene.run(play('run'));
    const session = await scene.engine.exec(id, { command: execCommands.cat, tty: false, stdin: true });
    const long = 'x'.repeat(300_000);
    void session.write('first\n');
    void session.write(Buffer.from(long));
    session.endInput();
    expect(await textOf(session.stdout)).toBe(`first\n${long}`);
    expect(await session.exitCode).toBe(0);
  });

  it('answers while the input stays open', async () => {
    const { id } = await scene.run(play('run'));
    const session = await scene.engine.exec(id, { command: execCommands.cat, tty: false, stdin: true });
    const output = session.stdout[Symbol.asyncIterator]();
    for (const line of ['one\n', 'two\n']) {
      void session.write(line);
      const { value } = await output.next();
      expect(Buffer.from(value ?? []).toString('utf8')).toBe(line);
    }
    session.endInput();
    expect((await output.next()).done).toBe(true);
    expect(await session.exitCode).toBe(0);
  });

  it('sets variables', async () => {
    const { id } = await scene.run(play('run'));
    const request = { command: execCommands.env, tty: false, stdin: false, env: ['PLAY=some value'] };
    const session = await scene.engine.exec(id, request);
    expect(await textOf(session.stdout)).toBe('some value\n');
  });

  it('has a code for what is no command', async () => {
    const { id } = await scene.run(play('run'));
    const session = await scene.engine.exec(id, { command: execCommands.missing, tty: false, stdin: false });
    await textOf(session.stdout);
    expect([126, 127]).toContain(await session.exitCode);
  });

  it('refuses what does not run', async () => {
    const { id } = await scene.create(play('run'));
    await expectKind(
      'conflict',
      scene.engine.exec(id, { command: execCommands.cat, tty: false, stdin: false }),
    );
  });
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  let all = '';
  for await (const data of stream) all += Buffer.from(data).toString('utf8');
  return all;
}
