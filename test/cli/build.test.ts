import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { agentImage } from '../../src/runtime/agent/agent-image.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { stack } from '../support/cli.ts';
import { memoryEngine, type MemoryEngine, type MemoryEngineOptions } from '../support/memory-engine.ts';

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'stackc-build-'));
  mkdirSync(join(cwd, 'app'));
  mkdirSync(join(cwd, 'bin'));
  content('one');
  docker('exit 0');
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const content = (text: string) => writeFileSync(join(cwd, 'app/Dockerfile'), `FROM ${text}\n`);

/** A docker without buildx that writes down which tags it was asked for. */
function docker(ending: string): void {
  const script = `#!/bin/sh
[ "$1" = build ] || exit 1
echo "FROM the build"
${ending === 'exit 0' ? `echo "$4" >> '${cwd}/built'` : ending}
`;
  writeFileSync(join(cwd, 'bin/docker'), script, { mode: 0o755 });
}

const built = () =>
  existsSync(join(cwd, 'built')) ? readFileSync(join(cwd, 'built'), 'utf8').trim().split('\n') : [];

function write(more: object = {}, top: object = {}): void {
  const app = { deploy: 'auto', build: './app', startup_time: 0.01, ...more };
  const text = { name: 'shop', monitor: 0, ...top, deploy: { shop: { containers: { app } } } };
  writeFileSync(join(cwd, 'stack.json'), JSON.stringify(text));
}

/** An engine that has what was built. */
function engine(options: MemoryEngineOptions = {}): {
  readonly memory: MemoryEngine;
  readonly engine: Engine;
} {
  const memory = memoryEngine({ images: { [agentImage().tag]: {} }, ...options });
  const known = new Set<string>();
  const inspectImage: Engine['inspectImage'] = (reference) => {
    for (const tag of built().filter((one) => !known.has(one))) {
      known.add(tag);
      memory.addImage(tag);
    }
    return memory.inspectImage(reference);
  };
  return { memory, engine: { ...memory, inspectImage } };
}

async function run(on: Engine, words: readonly string[], more: object = {}) {
  const { code, stdout, stderr } = await stack(words, {
    cwd,
    engine: on,
    env: { PATH: join(cwd, 'bin') },
    ...more,
  });
  return { code, said: stdout + stderr };
}

const pushed = (memory: MemoryEngine) =>
  memory.calls.flatMap(({ method, args }) => (method === 'pushImage' ? [args[0]] : []));

describe('an image that is built', () => {
  it('is built once, and again for another content; what nobody needs any more goes with `stack cleanup`', async () => {
    const { memory, engine: on } = engine();
    write({}, { keep: 0 });
    const first = await run(on, ['apply', '--yes']);
    expect(first, first.said).toMatchObject({ code: 0 });
    expect(first.said).toContain('│ FROM the build');
    expect((await run(on, ['apply', '--yes'])).said).toContain('Nothing to do');
    content('two');
    expect(await run(on, ['apply', '--yes'])).toMatchObject({ code: 0 });
    const [one = '', two = '', ...more] = built();
    expect(more).toEqual([]);
    const cleaned = await run(on, ['cleanup', '--yes']);
    expect(cleaned, cleaned.said).toMatchObject({ code: 0 });
    expect([memory.image(one), memory.image(two)]).toEqual([null, expect.any(String)]);
  });

  it('is not built where a plan is made, nor where nobody answers yes', async () => {
    const { engine: on } = engine();
    write();
    expect((await run(on, ['plan', '--offline'])).said).toContain('shop-app:');
    expect((await run(on, ['plan'])).said).toContain('* build    image shop-app:');
    expect(await run(on, ['apply'], { terminal: true, input: 'no\n' })).toMatchObject({ code: 1 });
    expect(built()).toEqual([]);
  });

  it('is not built for `stack run`, which says so', async () => {
    const { engine: on } = engine();
    write();
    expect(await run(on, ['apply', '--yes'])).toMatchObject({ code: 0 });
    content('two');
    const { code, said } = await run(on, ['run', 'app', '--', 'true']);
    expect(said).toMatch(
      /error: `shop-app:\w+` is not built yet\nhelp: `stack apply` builds it; then run again/,
    );
    expect({ code, built: built().length }).toEqual({ code: 1, built: 1 });
  });

  it('is not built by an apply that goes on without this machine', async () => {
    const { engine: on } = engine();
    write();
    const { code, said } = await run(on, ['apply', '--yes', '--detach']);
    expect(said).toMatch(
      /error: `shop-app:\w+` is built on this machine, and an apply with `--detach` goes on without it/,
    );
    expect(code).toBe(64);
  });

  it('whose folder is not there is a fault around the file', async () => {
    const { engine: on } = engine();
    write({ build: './gone' });
    const { code, said } = await run(on, ['plan']);
    expect(said).toContain('error[STK369]: `./gone` cannot be built: it does not exist');
    expect(said).toContain('= help: its path starts at the folder of the stack file');
    expect(code).toBe(1);
  });

  it('that failed is built by `stack resume`, from the content of then alone', async () => {
    const { engine: on } = engine();
    write();
    docker('echo "it breaks" >&2; exit 3');
    const failed = await run(on, ['apply', '--yes']);
    expect(failed.code).toBe(1);
    expect(failed.said).toContain('the build exited with code 3');
    docker('exit 0');
    content('two');
    expect((await run(on, ['resume', '--yes'])).said).toContain(
      '`./app` has changed since the plan was made',
    );
    content('one');
    const resumed = await run(on, ['resume', '--yes']);
    expect(resumed, resumed.said).toMatchObject({ code: 0 });
    expect(built()).toHaveLength(1);
  });
});

describe('an image that goes to a registry', () => {
  const image = 'r.example/shop/app';

  it('is pushed when it was built, and left alone from then on', async () => {
    const { memory, engine: on } = engine();
    write({ image });
    const { code, said } = await run(on, ['apply', '--yes']);
    expect(code, said).toBe(0);
    expect(pushed(memory)).toEqual(built());
    expect((await run(on, ['apply', '--yes'])).said).toContain('Nothing to do');
    expect(memory.calls.filter(({ method }) => method === 'registryDigest')).toHaveLength(1);
  });

  it('is pulled where the registry has it, also after a question', async () => {
    write({ image });
    const plan = await run(engine().engine, ['plan']);
    const [reference = ''] = /r\.example\/shop\/app:[0-9a-f]{16}/.exec(plan.said) ?? [];
    const { memory, engine: on } = engine({ registry: { [reference]: {} } });
    const { code, said } = await run(on, ['apply'], { terminal: true, input: 'yes\n' });
    expect(code, said).toBe(0);
    expect(memory.calls.some(({ method }) => method === 'pullImage')).toBe(true);
    expect(built()).toEqual([]);
  });

  it('that was not pushed is pushed by `stack resume`', async () => {
    let refuses = true;
    const { memory, engine: on } = engine();
    const refusing: Engine = {
      ...on,
      pushImage: (...words) => (refuses ? Promise.reject(new Error('refused')) : memory.pushImage(...words)),
    };
    write({ image });
    expect(await run(refusing, ['apply', '--yes'])).toMatchObject({ code: 1 });
    refuses = false;
    const resumed = await run(refusing, ['resume', '--yes']);
    expect(resumed, resumed.said).toMatchObject({ code: 0 });
    expect(pushed(memory)).toEqual(built());
  });
});
