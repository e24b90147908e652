import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { EACH_ANEW, LoadScene, nextGeneration, SLOW, type Served } from '../support/load.ts';
import { docker, until, wipe, type Loose } from '../support/stack-cli.ts';

// An nginx that finds its servers by itself, through the engine's events and `VIRTUAL_HOST`, and repeats no POST that was sent.

const NAME = 'e2e-discovery';
const NETWORK = `${NAME}-proxied`;
const MANY = { ...EACH_ANEW, concurrency: 32 };

const clear = async () => {
  await wipe(NAME);
  const left = await docker('network', 'ls', '-q', '--filter', `name=^${NETWORK}$`);
  if (left !== '') await docker('network', 'rm', NETWORK);
};

// It is nobody's own: no stack makes it, or takes it down.
beforeAll(async () => {
  await clear();
  await docker('network', 'create', NETWORK);
});

const played = LoadScene.shared(NAME, async (scene) => {
  const made = found(scene);
  await scene.up(made);
  return made;
});

afterAll(clear);

test(
  'one alone, that is killed: deploys back to back lose no request, for the load test of the article neither',
  played(async (made, scene) => {
    const loads = await scene.underLoad([MANY, SLOW], async () => {
      const ab = await apacheBench(scene);
      for (const _ of ['once', 'again']) {
        nextGeneration(made);
        const { stdout } = await scene.apply(made);
        expect(stdout).toContain('start-first');
        expect(unwrapped(stdout)).toContain(
          `unproven: whoever reaches it over \`${NETWORK}\` must watch the engine for starts and try another server when refused`,
        );
      }
      for (const result of await ab.stop()) {
        expect(result).toMatch(/^Failed requests: +0$/m);
        expect(result).not.toContain('Non-2xx');
        expect(Number(/^Complete requests: +(\d+)$/m.exec(result)?.[1])).toBeGreaterThan(20);
      }
    });
    await scene.expectNothingLost(loads);
    await expectListed(scene, ['app0']);
  }),
);

test(
  'killed before the old one refuses, and before it stops: the next apply converges, nothing is lost',
  played(async (made, scene) => {
    const loads = await scene.underLoad([MANY], async () => {
      for (const step of ['join', 'refuse']) {
        nextGeneration(made);
        scene.folder.write(made.stack);
        await scene.killedAfter(`load/app0 ${step}`);
        await scene.apply(made);
      }
    });
    await scene.expectNothingLost(loads);
    await expectListed(scene, ['app0']);
  }),
);

test(
  'two that listen long before they can serve, one of them in place of another: nothing is lost',
  played(async (made, scene) => {
    const env = made.app['env'] as Loose;
    const loads = await scene.underLoad([MANY], async () => {
      env['BOOT'] = '1.5';
      made.app['containers'] = 2;
      await scene.apply(made);
      await expectListed(scene, ['app0', 'app1']);
    });
    await scene.expectNothingLost(loads);
    delete env['BOOT'];
  }),
);

test(
  'one after the other, each stopped first: the others get what would have come to it',
  played(async (made, scene) => {
    made.app['strategy'] = { order: 'stop-first' };
    const loads = await scene.underLoad([MANY], async () => {
      nextGeneration(made);
      const { stdout } = await scene.apply(made);
      expect(unwrapped(stdout)).toContain('stop-first');
    });
    await scene.expectNothingLost(loads);
    await expectListed(scene, ['app0', 'app1']);
  }),
);

test(
  'a version whose second instance fails: the first goes back, and proxies are led back with it; then fewer: nothing is lost',
  played(async (made, scene) => {
    made.app['strategy'] = { order: 'start-first' };
    const loads = await scene.underLoad([MANY], async () => {
      made.app['entrypoint'] = ['sh', '-c', 'test %{index} = 0 && exec /app/serve "$@"', 'serve'];
      scene.folder.write(made.stack);
      const ran = await scene.folder.run(['apply', '--yes']);
      expect(ran.code, ran.stderr).toBe(1);
      expect(ran.stderr).toContain('Back on the old generation: load/app0');
      await expectListed(scene, ['app0', 'app1']);
      delete made.app['entrypoint'];
      made.app['containers'] = 1;
      const { stdout } = await scene.apply(made);
      expect(unwrapped(stdout)).toContain('must try another server when refused');
    });
    await scene.expectNothingLost(loads);
    await expectListed(scene, ['app0']);
  }),
);

/** Unicorns on a port, on a network that a proxy of another application shares with them. */
function found(scene: LoadScene): Served {
  const app: Loose = {
    deploy: 'auto',
    image: 'stackc-example/servers:1',
    command: ['unicorn', '0.0.0.0:3000'],
    port: 3000,
    networks: [NETWORK],
    health: { path: '/ping' },
    volumes_from: ['counted'],
    strategy: { order: 'start-first' },
    // On which it ends at once: whatever is under way then, or waits, is lost.
    stop_signal: 'KILL',
    env: { GENERATION: '1', VIRTUAL_HOST: '127.0.0.1', VIRTUAL_PORT: '3000' },
  };
  const proxy: Loose = {
    deploy: 'auto',
    image: 'stackc-example/discovery:1',
    networks: [NETWORK],
    volumes: ['/var/run/docker.sock:/var/run/docker.sock'],
    ports: [`127.0.0.1:${scene.port}:80`],
    port: 80,
    // Nobody has a host of that name.
    health: { path: '/', status: 503 },
  };
  const stack = {
    name: scene.name,
    monitor: 0,
    deploy: {
      front: { containers: [{ proxy }] },
      load: { data_volumes: [{ counted: { volumes: ['/var/counted'] } }], containers: [{ app }] },
    },
  };
  return { folder: scene.folder, stack, app, haproxy: proxy };
}

/** The article's own line, and the same by many who post; told to stop, each says what came of it. */
async function apacheBench(scene: LoadScene): Promise<{ stop(): Promise<readonly string[]> }> {
  const body = join(scene.folder.folder, 'body');
  writeFileSync(body, 'x'.repeat(200));
  const article = ['-l', '-s5000', '-t50', '-n1000000', '-H', 'Host: 127.0.0.1'];
  const start = (...words: readonly string[]) =>
    docker(
      'run',
      '-d',
      '--network=host',
      `--volume=${body}:/body:ro`,
      `--label=io.stackc.stack=${NAME}`,
      'stackc-example/ab:1',
      ...article,
      ...words,
    );
  const ids = await Promise.all([
    start('-c1', `${scene.url}/ping`),
    start('-c32', '-p/body', `${scene.url}/count/ab`),
  ]);
  return {
    stop: () =>
      Promise.all(
        ids.map(async (id) => {
          // As a person would by Ctrl-C: it tells what it has.
          await docker('kill', '--signal=INT', id);
          await docker('wait', id);
          return docker('logs', id);
        }),
      ),
  };
}

/** The proxy, which takes a moment after each event, knows these instances and nobody else. */
async function expectListed(scene: LoadScene, names: readonly string[]): Promise<void> {
  const format = `{{(index .NetworkSettings.Networks "${NETWORK}").IPAddress}}`;
  const wanted = await Promise.all(
    names.map((name) => docker('inspect', '-f', format, `${scene.name}-load-${name}`)),
  );
  const known = await until(
    () => docker('exec', `${scene.name}-front-proxy0`, 'cat', '/etc/nginx/conf.d/discovery.conf'),
    (text) => servers(text).join() === wanted.toSorted().join(),
  );
  expect(servers(known)).toEqual(wanted.toSorted());
}

function servers(text: string): readonly string[] {
  return [...text.matchAll(/server ([\d.]+):3000;/g)].map(([, address = '']) => address).toSorted();
}

function unwrapped(text: string): string {
  return text.replace(/\s+/g, ' ');
}
