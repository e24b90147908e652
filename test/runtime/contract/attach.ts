import { expect, it } from 'vitest';

import { play } from '../contract-programs.ts';
import type { ContractScene } from './scene.ts';

/** Input and output of containers. */
export function attach(scene: ContractScene): void {
  it('gives all output of a container that is attached to before its start', async () => {
    const { id } = await scene.create(play('say'));
    const session = await scene.engine.attach(id, { tty: false, stdin: false });
    await scene.engine.startContainer(id);
    expect(await Promise.all([textOf(session.stdout), textOf(session.stderr)])).toEqual([
      'out 1\nout 2\nout 3\n',
      'err 1\n',
    ]);
  });

  it('passes input on, and its end ends the program', async () => {
    const { id } = await scene.create(play('read'), { openStdin: true });
    const session = await scene.engine.attach(id, { tty: false, stdin: true });
    const code = scene.engine.waitContainer(id);
    await scene.engine.startContainer(id);
    await session.write('one\ntwo\n');
    session.endInput();
    expect(await textOf(session.stdout)).toBe('read one\nread two\n');
    expect(await code).toBe(4);
  });

  it('answers while the input stays open', async () => {
    const { id } = await scene.create(play('read'), { openStdin: true });
    const session = await scene.engine.attach(id, { tty: false, stdin: true });
    await scene.engine.startContainer(id);
    const output = session.stdout[Symbol.asyncIterator]();
    for (const line of ['one', 'two']) {
      await session.write(`${line}\n`);
      const { value } = await output.next();
      expect(Buffer.from(value ?? []).toString('utf8')).toBe(`read ${line}\n`);
    }
    session.destroy();
    // The one input ends with the one connection.
    expect(await scene.engine.waitContainer(id)).toBe(4);
  });
}

/** Starts of containers. */
export function starts(scene: ContractScene): void {
  it('tells of starts and restarts, by label, with the name of the moment', async () => {
    const over = new AbortController();
    const watched = await scene.engine.watchStarts([scene.label, 'watch=me'], over.signal);
    const labels = { ...scene.labels(), watch: 'me' };
    const { id, name } = await scene.create(play('run'), { labels });
    await scene.run(play('exit', '0'));
    await scene.engine.startContainer(id);
    await scene.engine.stopContainer(id, 10);
    await scene.engine.renameContainer(id, `${name}-other`);
    await scene.engine.startContainer(id);
    const told: unknown[] = [];
    for await (const started of watched) {
      expect(started.labels).toMatchObject(labels);
      told.push([started.id, started.name]);
      if (told.length === 2) over.abort();
    }
    expect(told).toEqual([
      [id, name],
      [id, `${name}-other`],
    ]);
  });
}

/** Whatever happens to containers. */
export function changes(scene: ContractScene): void {
  it('tells of starts, ends, renames and removals, by label, whoever is behind them', async () => {
    const over = new AbortController();
    const watched = await scene.engine.watchChanges([scene.label, 'watch=all'], over.signal);
    const labels = { ...scene.labels(), watch: 'all' };
    const { id, name } = await scene.create(play('exit', '3'), { labels });
    await scene.run(play('exit', '0'));
    await scene.engine.startContainer(id);
    await scene.engine.waitContainer(id);
    await scene.engine.renameContainer(id, `${name}-other`);
    await scene.engine.removeContainer(id);
    const told: unknown[] = [];
    for await (const change of watched) {
      expect(change.labels).toMatchObject(labels);
      told.push([change.what, change.id, change.name]);
      if (told.length === 4) over.abort();
    }
    expect(told).toEqual([
      ['start', id, name],
      ['end', id, name],
      ['rename', id, `${name}-other`],
      ['removal', id, `${name}-other`],
    ]);
  });
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  let all = '';
  for await (const data of stream) all += Buffer.from(data).toString('utf8');
  return all;
}
