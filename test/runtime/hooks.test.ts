import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

import type { DesiredHook, DesiredState } from '../../src/compiler/desired/desired-state.ts';
import { containerKey } from '../../src/compiler/desired/keys.ts';
import { withHooks } from '../../src/compiler/reconcile/hooks.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { EngineError } from '../../src/runtime/engine.ts';
import { execute } from '../../src/runtime/execute.ts';
import type { ExecutionEvent } from '../../src/runtime/execution-event.ts';
import { HookError } from '../../src/runtime/hooks/hook-error.ts';
import { runHook, type HookRun, type HookWorld } from '../../src/runtime/hooks/run-hook.ts';
import { desiredState } from '../support/desired.ts';
import type { Behaviour } from '../support/memory/behaviour.ts';
import { memoryEngine } from '../support/memory-engine.ts';
import { world } from '../support/world.ts';

const folder = mkdtempSync(join(tmpdir(), 'stackc-hooks-'));
writeFileSync(
  join(folder, 'check'),
  '#!/bin/sh\necho "$STACKC_HOOK of $STACKC_STACK by $WHO"\necho bad >&2\nexit $CODE\n',
  {
    mode: 0o755,
  },
);
writeFileSync(join(folder, 'plain'), 'no program');
afterAll(() => rmSync(folder, { recursive: true }));

const facts: HookWorld['facts'] = {
  stack: 'shop',
  engine: 'web1',
  command: 'apply',
  commit: '4f2c1d9',
  performer: 'anna@laptop',
  changed: ['shop/app0', 'shop/app1'],
};
const moment = { hook: 'before_apply', revision: 42, ended: null } as const;

function desiredWith(command: readonly string[], more: Partial<DesiredHook> = {}): DesiredState {
  const hook = { name: moment.hook, command, shown: command, container: null, timeoutMs: 10_000, ...more };
  return { ...desiredState([{ name: 'app', command: ['serve'], env: { OWN: '1' } }]), hooks: [hook] };
}

/** On the operator's side, where no engine is asked. */
async function ran(
  command: readonly string[],
  {
    env = {},
    ...more
  }: Partial<HookRun> & { readonly env?: Record<string, string>; readonly timeoutMs?: number } = {},
) {
  const lines: string[] = [];
  const run: HookRun = {
    desired: desiredWith(command, more.timeoutMs === undefined ? {} : { timeoutMs: more.timeoutMs }),
    engine: memoryEngine(),
    clock: systemClock,
    images: { obtain: () => Promise.reject(new Error('nobody asks for it')) },
    onOutput: (line) => lines.push(line),
    ...more,
  };
  const PATH = process.env['PATH'] ?? '';
  const failed = await runHook({ folder, env: { PATH, ...env }, facts }, moment, run).then(
    () => null,
    (error: unknown) => {
      if (error instanceof HookError) return error;
      throw error;
    },
  );
  return { lines, failed };
}

/** Whether the process whose id a file of the folder holds has ended; that nobody has asked how counts as well. */
function isGone(file: string): boolean {
  try {
    const pid = readFileSync(join(folder, file), 'utf8').trim();
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

describe('on the operator’s side', () => {
  test('starts in the folder of the stack file, with the operator’s environment and the facts', async () => {
    const { lines, failed } = await ran(['./check'], { env: { WHO: 'anna', CODE: '0' } });
    expect(failed).toBeNull();
    expect(lines.toSorted()).toEqual(['bad', 'before_apply of shop by anna']);
    const { lines: variables } = await ran(['sh', '-c', 'pwd; env | grep ^STACKC_ | sort']);
    expect(variables).toEqual([
      folder,
      'STACKC_CHANGED=shop/app0 shop/app1',
      'STACKC_COMMAND=apply',
      'STACKC_COMMIT=4f2c1d9',
      'STACKC_ENGINE=web1',
      'STACKC_HOOK=before_apply',
      'STACKC_PERFORMER=anna@laptop',
      'STACKC_RESULT=',
      'STACKC_REVISION=42',
      'STACKC_RUNTIME=',
      'STACKC_STACK=shop',
    ]);
  });

  test('fails with its last lines', async () => {
    const { failed } = await ran(['./check'], { env: { CODE: '3' } });
    expect(failed?.message).toBe('the hook `before_apply` exited with code 3');
    expect(failed?.log.toSorted()).toEqual(['bad', 'before_apply of shop by ']);
    const long = await ran(['sh', '-c', 'seq 100; exit 1']);
    expect(long.failed?.log).toEqual(Array.from({ length: 20 }, (_, at) => String(at + 81)));
    expect(long.lines).toHaveLength(100);
  });

  test.each([
    ['gone', 'cannot be run: there is no `gone`'],
    ['./plain', 'cannot be run: `./plain` may not be run by this user (`chmod +x`?)'],
  ])('%s cannot be run', async (program, why) => {
    expect((await ran([program])).failed?.message).toBe(`the hook \`before_apply\` ${why}`);
  });

  test('that one was ended by a signal is told', async () => {
    expect((await ran(['sh', '-c', 'kill -9 $$'])).failed?.message).toContain('was ended by SIGKILL');
  });

  test('beyond its time it is ended, with all that it has started', async () => {
    const words = 'sleep 60 & echo $! > late; echo begun; wait';
    const { failed } = await ran(['sh', '-c', words], { timeoutMs: 300 });
    expect(failed?.message).toBe('the hook `before_apply` did not end within 300 ms');
    expect(failed?.log).toEqual(['begun']);
    await expect.poll(() => isGone('late')).toBe(true);
  });

  test('so it is when it is told to, at once the second time', async () => {
    const finish = new AbortController();
    const stop = new AbortController();
    const words = 'trap "" TERM; sleep 60 & echo $! > told; echo begun; wait; wait; sleep 60';
    const begunAt = performance.now();
    const { failed } = await ran(['sh', '-c', words], {
      finish: finish.signal,
      stop: stop.signal,
      onOutput: () => {
        finish.abort();
        setTimeout(() => stop.abort(), 100);
      },
    });
    expect(failed?.message).toBe('the hook `before_apply` was ended');
    // Without the second time: five seconds.
    expect(performance.now() - begunAt).toBeLessThan(4000);
    await expect.poll(() => isGone('told')).toBe(true);
  });

  test('so it is when that came before it had started', async () => {
    const finish = new AbortController();
    const running = ran(['sleep', '60'], { finish: finish.signal });
    finish.abort();
    expect((await running).failed?.message).toBe('the hook `before_apply` was ended');
  });

  test('what cannot be started at all fails like any other', async () => {
    expect((await ran([''])).failed?.message).toBe(
      'the hook `before_apply` cannot be run: its command is empty',
    );
  });
});

/** An apply of a stack whose hook runs in its container. */
async function applied(behaviour: Behaviour, hook: Partial<DesiredHook> = {}) {
  const w = world(['app:1'], {
    behaviour: ({ command }) => (command?.[0] === 'warm' ? behaviour : {}),
    hooks: { folder, env: {}, facts },
  });
  const desired = desiredWith(['warm', 'up'], { container: containerKey('shop', 'app'), ...hook });
  const plan = withHooks(await w.plan(desired), desired, { isFirst: true });
  const events = await w.walk(plan, desired);
  const created = w.engine.calls.flatMap(({ line }) => (line.startsWith('createContainer') ? [line] : []));
  const failure = events.flatMap((event) => (event.type === 'node-failed' ? [event.failure] : []))[0];
  const names = w.engine.containers().map(({ name }) => name);
  return { events, created, failure, names };
}

describe('as a run of a container', () => {
  test('its output is told, it is removed, and the apply goes on', async () => {
    const { events, created, failure, names } = await applied({
      exitAfterMs: 2_000,
      exitCode: 0,
      output: [{ stream: 'stdout', text: 'warm' }],
    });
    expect(failure).toBeUndefined();
    expect(events.flatMap((event) => (event.type === 'node-progress' ? [event.line] : []))).toContain('warm');
    expect(created[1]).toMatch(/^createContainer shop-app\.run\.[0-9a-f]{8}/);
    expect(names.toSorted()).toEqual(['shop-agent', 'shop-app0']);
  });

  test('where it fails or takes too long, no instance is made', async () => {
    const failed = await applied({ exitAfterMs: 2_000, exitCode: 3 });
    expect(failed.failure?.message).toBe('the hook `before_apply` exited with code 3');
    expect(failed.failure?.help).toContain('nothing was changed, and all serves as before');
    expect(failed.names).toEqual(['shop-agent']);
    const late = await applied({}, { timeoutMs: 60_000 });
    expect(late.failure?.message).toBe('the hook `before_apply` did not end within 60 s');
    expect(late.names).toEqual(['shop-agent']);
  });

  test('an apply that is told to finish ends it, and does nothing more', async () => {
    const desired = desiredWith(['sh', '-c', 'echo begun; sleep 60']);
    const w = world(['app:1']);
    const plan = withHooks(await w.plan(desired), desired, { isFirst: true });
    const finish = new AbortController();
    const events: ExecutionEvent[] = [];
    const walked = execute(plan, {
      desired,
      engine: w.engine,
      agents: { open: () => Promise.reject(new Error('nobody asks it')) },
      buildAgent: () => Promise.resolve(),
      auth: () => Promise.resolve(null),
      clock: systemClock,
      hooks: { folder, env: process.env, facts },
      finish: finish.signal,
    });
    for await (const event of walked) {
      if (event.type === 'node-progress') finish.abort();
      events.push(event);
    }
    const hook = events.flatMap((event) =>
      'node' in event && event.node.op.kind === 'hook.run' ? [event.type] : [],
    );
    expect(hook).toEqual(['node-started', 'node-progress', 'node-stopped']);
    expect(events.at(-1)).toMatchObject({ type: 'finished', failed: 0, interrupted: true });
    expect(w.engine.containers().map(({ name }) => name)).toEqual(['shop-agent']);
  });

  test('what the engine refuses is told as ever', async () => {
    const run = {
      desired: desiredWith(['warm'], { container: containerKey('shop', 'app') }),
      engine: memoryEngine(),
      clock: systemClock,
      images: { obtain: () => Promise.reject(new EngineError('not-found', 'inspect image', 'no image')) },
      onOutput: () => undefined,
    };
    await expect(runHook({ folder, env: {}, facts }, moment, run)).rejects.toThrow(EngineError);
  });
});
