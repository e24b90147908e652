import { describe, expect, test } from 'vitest';

import {
  EACH_ANEW,
  KEPT_ALIVE,
  LoadScene,
  nextGeneration,
  SERVERS,
  SLOW,
  type Served,
} from '../support/load.ts';

const NAME = 'e2e-l';

// Most of the time something is waited for: a few stacks side by side.
describe.concurrent.each(SERVERS)('%s behind haproxy', (server) => {
  test('bound to the published path, then to paths of their own, start-first and stop-first: nothing is lost', () =>
    LoadScene.within(`${NAME}-${server}`, async (scene) => {
      const made = scene.served(server);
      const { command } = made.app;
      const replaced = async () =>
        scene.expectNothingLost(
          await scene.underLoad([EACH_ANEW, KEPT_ALIVE, SLOW], () => scene.apply(made)),
        );
      bindsItself(made, server);
      made.app['strategy'] = { order: 'stop-first' };
      await scene.up(made);
      nextGeneration(made);
      await replaced();

      // One that binds the published path itself, then others with paths of their own.
      delete made.app['entrypoint'];
      delete made.app['strategy'];
      made.app['command'] = command;
      await replaced();
      made.app['strategy'] = { order: 'stop-first' };
      nextGeneration(made);
      await replaced();
    }));
});

// The agent holds, whoever comes back: two of them say it, and all in `npm run test:verdict`.
const alone = process.env['STACKC_VERDICT'] === 'all' ? SERVERS : (['unicorn', 'node'] as const);

describe.concurrent.each(alone)('%s behind haproxy, alone', (server) => {
  test('it stops before its successor starts and what comes is held: replaced twice', () =>
    LoadScene.within(`${NAME}-${server}-held`, async (scene) => {
      // The balancer's checks are held like everything else: it must not give up its only server meanwhile.
      const made = scene.served(server, (config) => config.replace('fall 2', 'fall 20'));
      made.app['containers'] = 1;
      made.app['strategy'] = { order: 'stop-first' };
      await scene.up(made);
      const told: string[] = [];
      const loads = await scene.underLoad([EACH_ANEW, KEPT_ALIVE], async () => {
        for (let time = 0; time < 2; time += 1) {
          nextGeneration(made);
          const { stdout, stderr } = await scene.apply(made);
          told.push(...((stdout + stderr).match(/\d+ connections? (?:was|were) held/g) ?? []));
        }
      });
      await scene.expectNothingLost(loads);
      expect(told).toHaveLength(2);
    }));
});

describe.concurrent('unicorn behind haproxy, the hard way', () => {
  test('a stop signal that kills, and a balancer that never tries again', () =>
    LoadScene.within(`${NAME}-hard`, async (scene) => {
      const made = scene.served('unicorn', (config) =>
        config.replace('retries 3', 'retries 0').replace('option redispatch 1', 'no option redispatch'),
      );
      made.app['stop_signal'] = 'KILL';
      await scene.up(made);
      nextGeneration(made);
      const loads = await scene.underLoad([EACH_ANEW, KEPT_ALIVE, SLOW], () => scene.apply(made));
      await scene.expectNothingLost(loads);
    }));

  test('from two to four to one, and that one is replaced', () =>
    LoadScene.within(`${NAME}-scaled`, async (scene) => {
      const made = scene.served('unicorn');
      await scene.up(made);
      const loads = await scene.underLoad([EACH_ANEW, KEPT_ALIVE], async () => {
        made.app['containers'] = 4;
        await scene.apply(made);
        made.app['containers'] = 1;
        await scene.apply(made);
        nextGeneration(made);
        await scene.apply(made);
      });
      await scene.expectNothingLost(loads);
    }));
});

/** No word and no variable holds the whole path: stackc cannot tell the program another. */
function bindsItself({ app }: Served, server: string): void {
  app['entrypoint'] = ['/bin/sh', '-c', 'exec /app/serve "$0" "$SOCKS/$APP.sock"'];
  app['command'] = [server];
  app['env'] = { GENERATION: '1', SOCKS: '/var/lib/haproxy/socks', APP: '%{app_name}' };
}
