import { describe, expect, test } from 'vitest';

import { EngineError, type ContainerProcess } from '../../../src/runtime/engine.ts';
import type { Reload } from '../../../src/compiler/desired/desired-state.ts';
import { awaitNewWorker, startsWorkers, workersOf } from '../../../src/runtime/perform/workers.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const HAPROXY = '/usr/sbin/haproxy -W -db -f /etc/haproxy/haproxy.cfg';
const NO_PS = new EngineError('server', 'list processes', 'exec: "ps": executable file not found', 500);

type Titles = Readonly<Record<number, string>>;

function scene(program: 'nginx' | 'haproxy', looks: readonly (Titles | EngineError)[]) {
  const clock = virtualClock();
  let at = 0;
  const engine = {
    processes: async (): Promise<readonly ContainerProcess[]> => {
      const seen = looks[Math.min(at, looks.length - 1)] ?? {};
      at += 1;
      if (seen instanceof EngineError) throw seen;
      return Object.entries(seen).map(([pid, title]) => ({ pid: Number(pid), title }));
    },
  };
  return { clock, context: { engine, clock, id: 'c1', program } };
}

function command(text: string): Reload {
  return { kind: 'command', command: text.split(' '), shown: text.split(' ') };
}

describe('workers', () => {
  test.each([
    ['nginx', { 7: 'nginx: master process nginx', 8: 'nginx: worker process', 9: 'sh -c nginx' }, [8]],
    ['nginx', { 7: 'nginx -g daemon off; master_process off;' }, []],
    ['haproxy', { 7: HAPROXY, 8: 'haproxy -sf 8 -W', 9: 'tail -f /var/log/haproxy' }, [7, 8]],
    ['haproxy', { 7: '[haproxy]', 8: HAPROXY, 9: '[haproxy-log]' }, [7, 8]],
    ['haproxy', { 7: HAPROXY }, []],
  ] as const)('of %s among %j are %j', async (program, seen, pids) => {
    expect(await workersOf(scene(program, [seen]).context)).toEqual(pids);
  });

  test('cannot be seen where the machine of the engine has no ps', async () => {
    expect(await workersOf(scene('nginx', [NO_PS]).context)).toBe(NO_PS);
    const gone = new EngineError('unreachable', 'list processes', 'gone');
    await expect(workersOf(scene('nginx', [gone]).context)).rejects.toBe(gone);
  });
});

describe('a new worker', () => {
  const old = { 7: HAPROXY, 8: HAPROXY };

  test('is waited for beside the old one', async () => {
    const { clock, context } = scene('haproxy', [old, old, { ...old, 9: HAPROXY }]);
    const startedAt = clock.now();
    await clock.run(awaitNewWorker([7, 8], context, 10_000));
    // Until it is there, and then for as long as haproxy tries to bind.
    expect(clock.now() - startedAt).toBe(2700);
  });

  test('that does not come means that the files were not taken', async () => {
    const { clock, context } = scene('haproxy', [old]);
    await expect(clock.run(awaitNewWorker([7, 8], context, 10_000))).rejects.toMatchObject({
      message: 'haproxy goes on by the old files: it has started no new worker within 10 s',
      containerId: 'c1',
    });
  });

  test('is waited for while haproxy’s master starts itself anew, and has no arguments', async () => {
    const { context, clock } = scene('haproxy', [{ ...old, 7: '[haproxy]' }, old]);
    await expect(clock.run(awaitNewWorker([7, 8], context, 10_000))).rejects.toThrow('no new worker');
  });

  test('that ends again was none', async () => {
    const { clock, context } = scene('haproxy', [old, { ...old, 9: HAPROXY }, old]);
    await expect(clock.run(awaitNewWorker([7, 8], context, 10_000))).rejects.toThrow(
      'its new worker has ended',
    );
  });

  test.each<[string, 'nginx' | 'haproxy', Reload, boolean]>([
    ['HUP', 'nginx', { kind: 'signal', signal: 'SIGHUP' }, true],
    ['USR1', 'nginx', { kind: 'signal', signal: 'SIGUSR1' }, false],
    ['USR2', 'haproxy', { kind: 'signal', signal: 'SIGUSR2' }, true],
    ['a command that reloads', 'nginx', command('/usr/sbin/nginx -s reload'), true],
    ['a command for the runtime socket', 'haproxy', command('update-map'), false],
  ])('is to be expected of %s for %s', (_title, program, way, isExpected) => {
    expect(startsWorkers([way], program)).toBe(isExpected);
  });

  test('is not missed in a program that has ended meanwhile', async () => {
    const { clock, context } = scene('haproxy', [old, {}]);
    await expect(clock.run(awaitNewWorker([7, 8], context, 10_000))).resolves.toBeUndefined();
  });
});
