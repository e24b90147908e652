import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { faults, sides } from '../support/crash/faults.ts';
import { CrashScene } from '../support/crash/scene.ts';
import { spread } from '../support/crash/spread.ts';
import { strategies, type Strategy } from '../support/crash/strategies.ts';
import { everyStep, strikeOnce, walkSteps, type Steps } from '../support/crash/walk.ts';
import { OwnEngine } from '../support/own-engine.ts';
import { stack } from '../support/stack-cli.ts';

// An apply that is cut off, in each of its steps and in each way, under load: `npm run test:crash`. A spread of them here.

type Asked = Readonly<Partial<Record<'strategy' | 'fault' | 'side' | 'at' | 'from', string>>>;

const asked = process.env['STACKC_CRASH'];
const engine = new OwnEngine(`stackc-crash-${process.pid}`);
const HOURS_MS = 4 * 3600_000;

beforeAll(async () => {
  const agent = (await stack(['agent', 'build'])).stdout.trim();
  const images = ['haproxy:1', 'servers:1', 'app:1', 'redis:1'].map((image) => `stackc-example/${image}`);
  await engine.make([...images, agent]);
  // Without it a listener that closes resets what waits to be accepted.
  await engine.inside('sysctl', '-w', 'net.ipv4.tcp_migrate_req=1');
}, 180_000);

afterAll(() => engine.remove(), 60_000);

if (asked === undefined) describe('a spread', playSpread);
else describe('each step', () => playAsked(JSON.parse(asked) as Asked));

function playSpread(): void {
  for (const { strategy, ...blow } of spread) {
    const { fault, side, at } = blow;
    const run = fault === 'restart' ? test : test.concurrent;
    run(`${strategy} ${fault} ${side} ${at}`, () =>
      CrashScene.within(named(strategy), engine, async (scene) => {
        expect(await strikeOnce(scene, blow)).toBeNull();
      }),
    );
  }
}

function playAsked({ strategy, fault, side, at, from }: Asked): void {
  const first = Number(at ?? from ?? everyStep.from);
  const steps: Steps = { from: first, to: at === undefined ? everyStep.to : first };
  for (const name of among(
    strategies.map((one) => one.name),
    strategy,
  ))
    for (const whose of among(faults, fault))
      for (const when of among(sides, side))
        test(
          `${name} ${whose} ${when}`,
          () =>
            CrashScene.within(named(name), engine, async (scene) => {
              expect(await walkSteps(scene, { fault: whose, side: when }, steps)).toEqual([]);
            }),
          HOURS_MS,
        );
}

/** Those that are asked for, in the order in which they are. */
function among<T extends string>(all: readonly T[], wanted: string | undefined): readonly T[] {
  return wanted === undefined
    ? all
    : wanted.split(',').map((name) => {
        const found = all.find((one) => one === name);
        if (found === undefined) throw new Error(`\`${name}\` is none of ${all.join(', ')}`);
        return found;
      });
}

function named(name: string): Strategy {
  const found = strategies.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no strategy \`${name}\``);
  return found;
}
