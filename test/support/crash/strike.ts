import { readFileSync } from 'node:fs';

import { rows } from '../stack-cli.ts';
import type { Blow } from './faults.ts';
import type { CrashScene, Running } from './scene.ts';

/** What became of the apply that was struck. */
export interface Struck {
  /** What was under way, and the call or question. Null: the apply has fewer steps. */
  readonly step: string | null;
  readonly problem: string | null;
  /** It said so. */
  readonly isDone: boolean;
}

/** A killed agent is started again, and a lost connection noticed, long before. */
const END_MS = 90_000;
const ENGINE_TRIES = 3;

/** Starts an apply, and lets the blow fall on it. */
export async function strike(scene: CrashScene, { fault, side, at }: Blow): Promise<Struck> {
  const { held } = scene;
  const met = held.hold(at);
  const running = scene.start();
  const call = await Promise.race([met, running.ended.then(() => null)]);
  if (call === null) {
    const { code, stdout, stderr } = await running.ended;
    const problem = isExpected(scene, code) ? null : `it was not struck, and failed: ${stdout}${stderr}`;
    return { step: null, problem, isDone: code === 0 };
  }
  const step = `${running.doing()}: ${call}`;
  const agent = fault === 'agent' ? await processOfAgent(scene) : 0;
  if (side === 'during') await (fault === 'cut' ? held.withhold() : held.passed());
  switch (fault) {
    case 'kill':
      running.kill();
      break;
    case 'agent':
      // By hand, with `docker kill`, it would be the operator's will that it stays down.
      if (agent > 0) process.kill(agent, 'SIGKILL');
      held.pass();
      break;
    case 'cut':
      held.cut();
      break;
    case 'restart':
      await restart(scene);
      break;
  }
  const code = await endOf(running);
  // Nothing of it may linger in between.
  held.cut();
  // An apply outlives its agent.
  const problem =
    code === 'hangs' || (fault === 'agent' && !isExpected(scene, code)) ? await howItEnded(running) : null;
  return { step, problem, isDone: code === 0 };
}

/** How an apply ends that nobody disturbs. */
function isExpected({ strategy }: CrashScene, code: number | null): boolean {
  return code === (strategy.mend === undefined ? 0 : 1);
}

/** Zero where there is none yet. */
async function processOfAgent({ engine, name }: CrashScene): Promise<number> {
  return Number(await engine.docker('inspect', '-f', '{{.State.Pid}}', `${name}-agent`).catch(() => 0));
}

/**
 * An engine that ends while a session with a container is open may have lost track of the container's task afterwards, and can
 * start it only after another restart, without the shim that it has left behind: its own affair, and no command helps.
 */
async function restart({ engine }: CrashScene): Promise<void> {
  for (let time = 0; time < ENGINE_TRIES; time += 1) {
    await engine.down();
    if (time > 0) await engine.endShims();
    await engine.up();
    if (!(await hasLostTrack(engine))) return;
    process.stderr.write('  the engine lost track of a container, and is restarted again\n');
  }
}

/** Of a container that it cannot start, or one that has ended and whose files it would not remove, since they are still mounted. */
async function hasLostTrack(engine: CrashScene['engine']): Promise<boolean> {
  const ids = rows(await engine.docker('ps', '-aq'));
  if (ids.length === 0) return false;
  const format = '{{.State.Status}} {{.GraphDriver.Data.MergedDir}} {{.State.Error}}';
  const mounts = readFileSync('/proc/self/mounts', 'utf8');
  return rows(await engine.docker('inspect', '-f', format, ...ids)).some((line) => {
    const [state = '', merged = ''] = line.split(' ');
    return line.includes('already exists') || (state === 'exited' && mounts.includes(` ${merged} `));
  });
}

async function endOf(running: Running): Promise<number | null | 'hangs'> {
  const late = new Promise<'hangs'>((resolve) => setTimeout(resolve, END_MS, 'hangs').unref());
  const code = await Promise.race([running.ended.then((ran) => ran.code), late]);
  if (code === 'hangs') running.kill();
  return code;
}

async function howItEnded(running: Running): Promise<string> {
  const { code, stdout, stderr } = await running.ended;
  const told = rows(stdout).filter((line) =>
    /"(?:node-failed|undo-finished|not-begun|lock-lost|locked)"/.test(line),
  );
  const how = code === null ? `had not ended ${END_MS / 1000} s after the blow` : `ended with ${code}`;
  return [`it ${how}`, ...told, stderr].join('\n');
}
