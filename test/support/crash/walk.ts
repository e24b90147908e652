import { until } from '../stack-cli.ts';
import { crashCase, type Verdict } from './crash-case.ts';
import type { Blow } from './faults.ts';
import type { CrashScene } from './scene.ts';
import { shapeOf } from './shape.ts';

/** More steps than any of these applies has. */
const MOST = 200;

/** Which steps of an apply. */
export interface Steps {
  readonly from: number;
  readonly to: number;
}

export const everyStep: Steps = { from: 1, to: MOST };

/** Lets a blow fall on one step after the other; gives what went wrong, each with the command that does it again. */
export async function walkSteps(
  scene: CrashScene,
  { fault, side }: Omit<Blow, 'at'>,
  { from, to }: Steps,
): Promise<readonly string[]> {
  const wrong: string[] = [];
  let wanted = await undisturbed(scene);
  for (let at = from; at <= to; at += 1) {
    const blow: Blow = { fault, side, at };
    const begunAt = Date.now();
    if (fault === 'agent' && at > from) await forgetEnds(scene);
    await goBack(scene);
    const verdict = await crashCase(scene, blow, wanted);
    if (verdict.step === null && at > from && verdict.problems.length === 0) break;
    const told = tell(scene, blow, verdict, Date.now() - begunAt);
    if (told === null) continue;
    wrong.push(told);
    // The next one begins with what is as it should be.
    wanted = await undisturbed(scene);
    if (verdict.step === null) break;
  }
  return wrong;
}

/** From nothing, and changed once; the shape that every other way must lead to. */
async function undisturbed(scene: CrashScene): Promise<readonly string[]> {
  await scene.up();
  const { change, mend } = scene.strategy;
  change(scene.made);
  mend?.(scene.made);
  await scene.apply();
  return settledShape(scene);
}

/** A session ends a moment after its apply, and so does the listener of an agent that has handed over. */
function settledShape(scene: CrashScene): Promise<readonly string[]> {
  return until(
    () => shapeOf(scene),
    (shape) => !shape.some((line) => /session|^socket \.hold\./.test(line)),
  );
}

/** The engine doubles its pause before each start of a container that keeps ending, up to a minute, until somebody else starts it. */
async function forgetEnds({ engine, name }: CrashScene): Promise<void> {
  await engine.docker('restart', '--time', '0', `${name}-agent`);
}

async function goBack(scene: CrashScene): Promise<void> {
  const { back, isFirst } = scene.strategy;
  if (isFirst) await scene.destroy();
  if (back === undefined) return;
  back(scene.made);
  await scene.apply();
}

/** One blow on a stack that was just made; gives what went wrong. */
export async function strikeOnce(scene: CrashScene, blow: Blow): Promise<string | null> {
  const begunAt = Date.now();
  const { back } = scene.strategy;
  if (back === undefined) await scene.up();
  const wanted = back === undefined ? await settledShape(scene) : await undisturbed(scene);
  await goBack(scene);
  const verdict = await crashCase(scene, blow, wanted);
  return tell(scene, blow, verdict, Date.now() - begunAt);
}

/** A line for each case; what went wrong, with the command that does it again, where something did. */
function tell(scene: CrashScene, blow: Blow, verdict: Verdict, tookMs: number): string | null {
  const { fault, side, at } = blow;
  const problems = [...verdict.problems, ...(verdict.step === null ? ['the apply has fewer steps'] : [])];
  process.stderr.write(`${inALine(scene, blow, { ...verdict, problems }, tookMs)}\n`);
  if (problems.length === 0) return null;
  const again = `npm run test:crash -- --strategy ${scene.strategy.name} --fault ${fault} --side ${side} --at ${at}`;
  const told = [again, ...problems].join('\n').replaceAll('\n', '\n    ');
  process.stderr.write(`  ${told}\n`);
  return told;
}

function inALine(
  { strategy }: CrashScene,
  { fault, side, at }: Blow,
  { step, problems, traffic, backMs }: Verdict,
  tookMs: number,
): string {
  const failed = Object.values(traffic?.failures ?? {}).reduce((sum, count) => sum + count, 0);
  const words = [
    problems.length === 0 ? '✓' : '✗',
    `${strategy.name} ${fault} ${side} ${at}`,
    `(${step ?? 'after the last'})`,
    ...(traffic === null ? [] : [`${failed} of ${traffic.sent} failed,`]),
    ...(backMs === null ? [] : [`back after ${(backMs / 1000).toFixed(1)} s,`]),
    `${(tookMs / 1000).toFixed(1)} s`,
  ];
  return words.join(' ');
}
