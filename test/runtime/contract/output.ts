import { expect, it } from 'vitest';

import { play } from '../contract-programs.ts';
import { expectKind } from './expect-kind.ts';
import { until, type ContractScene } from './scene.ts';

/** Exit codes of containers. */
export function waits(scene: ContractScene): void {
  it('gives the exit code, attached before the start or after the end', async () => {
    const { id } = await scene.create(play('exit', '3'));
    const before = scene.engine.waitContainer(id);
    await scene.engine.startContainer(id);
    expect(await before).toBe(3);
    expect(await scene.engine.waitContainer(id)).toBe(3);
  });

  it('gives the exit code of what still runs', async () => {
    const { id } = await scene.run(play('run'));
    const code = scene.engine.waitContainer(id);
    await scene.untilListening(id);
    await scene.engine.stopContainer(id, 10);
    expect(await code).toBe(7);
  });

  it('can be given up', async () => {
    const { id } = await scene.run(play('run'));
    const stop = new AbortController();
    const code = scene.engine.waitContainer(id, stop.signal);
    stop.abort();
    await expectKind('cut-off', code);
  });
}

/** Output of containers. */
export function logs(scene: ContractScene): void {
  it('tells the streams apart', async () => {
    const { id } = await scene.run(play('say'));
    await scene.engine.waitContainer(id);
    expect(await scene.logsOf(id)).toEqual({ stdout: 'out 1\nout 2\nout 3\n', stderr: 'err 1\n' });
  });

  it('gives the last lines', async () => {
    const { id } = await scene.run(play('say-and-run'));
    await until('it has spoken', async () => (await scene.logsOf(id)).stdout !== '');
    await scene.engine.stopContainer(id, 10);
    expect(await scene.logsOf(id, { tail: 0 })).toEqual({ stdout: '', stderr: '' });
    expect((await scene.logsOf(id, { tail: 1000 })).stdout).toMatch(/^out 1\n/);
  });

  it('stamps lines with the time', async () => {
    const { id } = await scene.run(play('say'));
    await scene.engine.waitContainer(id);
    expect((await scene.logsOf(id, { timestamps: true })).stderr).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z err 1\n$/,
    );
  });

  it('gives what is not older than a line, that line included', async () => {
    const { id } = await scene.create(play('say'));
    await scene.engine.startContainer(id);
    await scene.engine.waitContainer(id);
    const { stdout } = await scene.logsOf(id, { timestamps: true });
    const times = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[0] ?? '');
    const last = times.at(-1) ?? '';
    const since = (await scene.logsOf(id, { since: last })).stdout;
    expect(since).toMatch(/out 3\n$/);
    expect(since.trimEnd().split('\n')).toHaveLength(times.filter((time) => time === last).length);
  });

  it('follows until the container ends', async () => {
    const { id } = await scene.run(play('say-and-run'));
    const followed = scene.logsOf(id, { follow: true });
    await until('it has spoken', async () => (await scene.logsOf(id)).stdout !== '');
    await scene.engine.stopContainer(id, 10);
    expect((await followed).stdout).toMatch(/^out 1\n/);
  });

  it('ends quietly when the follower has had enough', async () => {
    const { id } = await scene.run(play('say-and-run'));
    const stop = new AbortController();
    let text = '';
    for await (const { data } of scene.engine.logs(id, {
      tail: null,
      follow: true,
      timestamps: false,
      signal: stop.signal,
    })) {
      text += Buffer.from(data).toString('utf8');
      stop.abort();
    }
    expect(text).toBe('out 1\n');
  });

  it('has no frames with a terminal', async () => {
    const { id } = await scene.run(play('say'), { tty: true });
    await scene.engine.waitContainer(id);
    const { stdout, stderr } = await scene.logsOf(id);
    expect(stderr).toBe('');
    expect(stdout.replaceAll('\r', '').split('\n').sort()).toEqual(['', 'err 1', 'out 1', 'out 2', 'out 3']);
  });
}
