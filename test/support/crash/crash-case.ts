import { until } from '../stack-cli.ts';
import type { Blow } from './faults.ts';
import type { CrashScene } from './scene.ts';
import { shapeOf } from './shape.ts';
import { strike } from './strike.ts';
import { startTraffic, type Traffic } from './traffic.ts';
import { digestOf, textOf } from './volumes.ts';

/** What came of one case. */
export interface Verdict {
  /** The step that it befell: what was under way, and the call or question. Null: the apply has fewer steps. */
  readonly step: string | null;
  readonly problems: readonly string[];
  readonly traffic: Traffic | null;
  /** After a restart of the engine, until requests were answered again without anybody's help. */
  readonly backMs: number | null;
}

/** What comes up with the engine is up by then. */
const BACK_MS = 30_000;
/** The slowest request takes 0.7 s. */
const ANSWERED_MS = 1500;

/** Cuts one apply off, applies again, and says all that is wrong with what came of it; `wanted`: see {@link shapeOf}. */
export async function crashCase(scene: CrashScene, blow: Blow, wanted: readonly string[]): Promise<Verdict> {
  const { strategy, engine, made } = scene;
  const problems: string[] = [];
  const check = async (what: string, work: () => Promise<void>) => {
    await work().catch((error: unknown) => {
      problems.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    });
  };
  const kept = engine.filesOf(scene.volume('kept-var-kept'));
  const counted = `${engine.filesOf(scene.volume('counted-var-counted'))}/ids`;
  const before = strategy.isFirst ? null : { digest: digestOf(kept), counted: textOf(counted) };
  const load = strategy.traffic === null ? null : (strategy.traffic ?? startTraffic)(scene);
  strategy.change(made);
  const struck = await strike(scene, blow);
  if (struck.problem !== null) problems.push(struck.problem);
  // What is lost after the last operation fails no apply. An engine on its way down takes an agent that is started again with it,
  // and may not start it when it comes up: the next apply does.
  const isOver = struck.isDone && blow.fault !== 'restart';
  if (isOver) await check('an apply that said that all was done', () => nothingLeft(scene));
  let backMs: number | null = null;
  if (struck.step !== null) {
    if (blow.fault === 'restart' && !strategy.stopsAll) {
      backMs = await servedAgain(scene);
      if (backMs === null) problems.push('nobody is served after the restart of the engine');
    }
    if (blow.fault === 'kill')
      await check('status', async () => {
        const { code, stderr } = await scene.run('status');
        if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
      });
  }
  strategy.mend?.(made);
  if (!isOver) strategy.next?.(made);
  if (!isOver && (struck.step !== null || strategy.mend !== undefined))
    await check('the next apply', () => scene.apply());
  if (!isOver) await check('plan', () => nothingLeft(scene));
  // Until the balancer has found what has come up, and what waited for that has its answer.
  if (blow.fault === 'restart' && strategy.traffic === undefined) {
    await servedAgain(scene);
    await new Promise((resolve) => setTimeout(resolve, ANSWERED_MS));
  }
  await check('leftovers', async () => {
    await until(
      // What is on its way out may be gone between two questions.
      () => shapeOf(scene).catch(() => []),
      (shape) => shape.join() === wanted.join(),
    ).catch(async () => {
      throw new Error(differences(wanted, await shapeOf(scene)).join('\n'));
    });
  });
  const traffic = (await load?.stop()) ?? null;
  if (traffic !== null) problems.push(...lost(scene, blow, traffic));
  if (before !== null) {
    if (digestOf(kept) !== before.digest) problems.push('a volume that nobody writes has changed');
    if (!textOf(counted).startsWith(before.counted)) problems.push('a volume has lost what was in it');
  }
  return { step: struck.step, problems, traffic, backMs };
}

async function nothingLeft(scene: CrashScene): Promise<void> {
  const { code, stdout, stderr } = await scene.run('plan', '--detailed-exitcode');
  if (code !== 0) throw new Error(`there is something left to do:\n${stdout}${stderr}`);
}

function lost({ strategy }: CrashScene, { fault }: Blow, traffic: Traffic): readonly string[] {
  const { failures, miscounted, isServed } = traffic;
  const mayFail = fault === 'restart' || strategy.mayFail?.[fault] !== undefined;
  if (strategy.forgets === true && fault === 'restart') return [];
  const problems = miscounted.map((id) => `${id} was not done exactly once`);
  if (!isServed && mayFail) problems.push('requests fail at the end');
  if (Object.keys(failures).length > 0 && !mayFail)
    problems.push(`of ${traffic.sent} failed: ${JSON.stringify(failures)}`);
  return problems;
}

/** Milliseconds from now on; null: not in time. */
async function servedAgain(scene: CrashScene): Promise<number | null> {
  const from = Date.now();
  const ask = `fetch('${scene.url}/ping').then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))`;
  return until(
    () => scene.engine.inside(process.execPath, '-e', ask),
    ({ code }) => code === 0,
    BACK_MS,
  ).then(
    () => Date.now() - from,
    () => null,
  );
}

function differences(wanted: readonly string[], found: readonly string[]): readonly string[] {
  return [
    ...wanted.filter((line) => !found.includes(line)).map((line) => `missing: ${line}`),
    ...found.filter((line) => !wanted.includes(line)).map((line) => `left over: ${line}`),
  ];
}
