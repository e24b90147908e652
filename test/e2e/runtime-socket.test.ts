import { describe, expect, test } from 'vitest';

import {
  EACH_ANEW,
  KEPT_ALIVE,
  LoadScene,
  nextGeneration,
  servedOverTcp,
  SLOW,
  type Served,
} from '../support/load.ts';
import { docker, rows } from '../support/stack-cli.ts';

// Instances that haproxy reaches over TCP, and is told of while it runs.

const NAME = 'e2e-told';
const EVERYBODY = [EACH_ANEW, KEPT_ALIVE, SLOW];

describe.concurrent('start-first', () => {
  describe.sequential('one after the other', () => {
    const played = standing('start-first');
    test('back to back: nothing is lost', played(backToBack));
    test(
      'killed between the name and `set server`: the next apply converges, nothing is lost',
      played((made, scene) => killed(made, scene, 'app0 switch')),
    );
    test(
      'killed between `set server` and the stop: the next apply converges, nothing is lost',
      played((made, scene) => killed(made, scene, 'app0 tell')),
    );

    test(
      'a haproxy that starts again finds the generations that serve',
      played(async (made, scene) => {
        nextGeneration(made);
        await scene.apply(made);
        await docker('restart', `${scene.name}-load-haproxy0`);
        await expectServed(scene);
      }),
    );

    test(
      'a haproxy that does not answer: the old generation goes on, and the message says which',
      played(async (made, scene) => {
        const before = await generations(scene);
        nextGeneration(made);
        await docker('exec', `${scene.name}-load-haproxy0`, 'rm', '/var/lib/haproxy/socks/admin.sock');
        scene.folder.write(made.stack);
        const loads = await scene.underLoad([EACH_ANEW], async () => {
          const ran = await scene.folder.run(['apply', '--yes']);
          expect(ran.code).toBe(1);
          expect(ran.stdout + ran.stderr).toMatch(/tell haproxy0 the address of generation \d+/);
          expect(ran.stdout + ran.stderr).toContain('nothing of that name');
        });
        await scene.expectNothingLost(loads);
        expect(await generations(scene)).toEqual(before);
      }),
    );
  });
});

describe.concurrent('stop-first', () => {
  describe.sequential('one after the other', () => {
    const played = standing('stop-first');
    test('back to back: nothing is lost', played(backToBack));
    test(
      'killed when it was taken out: the next apply converges, nothing is lost',
      played((made, scene) => killed(made, scene, 'app0 drain in')),
    );
    test(
      'killed when the old one has stopped: the next apply converges, nothing is lost',
      played((made, scene) => killed(made, scene, 'app0 stop')),
    );
  });
});

test.concurrent('a drain counts every connection, however long the kernel\u2019s table is', () =>
  LoadScene.within(`${NAME}-many`, async (scene) => {
    const made = servedOverTcp(scene.folder, scene.name, scene.port, 'node');
    Object.assign(made.app, { drain_timeout: 2, stop_signal: 'KILL', strategy: { surge: 1 } });
    await scene.up(made);
    // More than what one page of the table holds, and nothing is sent, by an instance that stays until the drain is over.
    const connect = `const net=require('net');for(let i=0;i<100;i++)net.connect(3000,'${scene.name}-load-app0').on('error',()=>{});setTimeout(()=>{},60000)`;
    await docker('exec', '-d', `${scene.name}-load-app1`, 'node', '-e', connect);
    nextGeneration(made);
    const { stderr, stdout } = await scene.apply(made);
    const [, left = '0'] = /(\d+) connections are open after/.exec(stdout + stderr) ?? [];
    expect(Number(left), stdout + stderr).toBeGreaterThanOrEqual(100);
  }));

/** Two unicorns behind haproxy. */
function standing(order: string) {
  return LoadScene.shared(`${NAME}-${order}`, async (scene) => {
    const made = servedOverTcp(scene.folder, scene.name, scene.port, 'unicorn');
    made.app['strategy'] = { order };
    await scene.up(made);
    return made;
  });
}

async function backToBack(made: Served, scene: LoadScene): Promise<void> {
  const loads = await scene.underLoad(EVERYBODY, async () => {
    for (const _ of ['once', 'again']) {
      nextGeneration(made);
      await scene.apply(made);
    }
  });
  await scene.expectNothingLost(loads);
  await expectServed(scene);
}

/** An apply that is killed as soon as it has said that the step of this name is done. */
async function killed(made: Served, scene: LoadScene, step: string): Promise<void> {
  const loads = await scene.underLoad(EVERYBODY, async () => {
    nextGeneration(made);
    scene.folder.write(made.stack);
    await scene.killedAfter(`load/${step}`);
    // What was only just starting may not know its stop signal yet.
    const ran = await scene.folder.run(['apply', '--yes']);
    expect(ran.code, ran.stderr + ran.stdout).toBe(0);
  });
  await scene.expectNothingLost(loads);
  await expectServed(scene);
}

/** What haproxy holds for the addresses of its servers are those of the containers that bear the names, all of them up. */
async function expectServed(scene: LoadScene): Promise<void> {
  const addresses = await Promise.all(
    ['app0', 'app1'].map((name) =>
      docker(
        'inspect',
        '-f',
        '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
        `${scene.name}-load-${name}`,
      ),
    ),
  );
  const ask =
    'const s=require("net").connect("/stackc/v/"+process.argv[1]+"/admin.sock");s.pipe(process.stdout);s.write("show servers state\\n")';
  const volume = `${scene.name}-load-socks-var-lib-haproxy-socks`;
  const state = await docker('exec', `${scene.name}-agent`, 'node', '-e', ask, volume);
  const servers = rows(state)
    .filter((line) => /^\d+ app /.test(line))
    .map((line) => line.split(' '));
  expect(servers.map((fields) => [fields[3], fields[4], fields[5], fields[6]])).toEqual([
    ['app0', addresses[0], '2', '0'],
    ['app1', addresses[1], '2', '0'],
  ]);
}

async function generations(scene: LoadScene): Promise<readonly string[]> {
  const found = await docker(
    'ps',
    '--filter',
    `label=io.stackc.stack=${scene.name}`,
    '--filter',
    'label=io.stackc.container=app',
    '--format',
    '{{.Label "io.stackc.instance"}} {{.Label "io.stackc.generation"}}',
  );
  return [...rows(found)].sort();
}
