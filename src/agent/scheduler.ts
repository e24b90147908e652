import { setTimeout as sleep } from 'node:timers/promises';

import { ENGINE_SOCKET, JOURNAL_FOLDER } from '../compiler/plan/agent-spec.ts';
import { CronRunner } from '../runtime/cron/cron-runner.ts';
import { FileStore } from '../runtime/cron/file-store.ts';
import { systemJobClock } from '../runtime/cron/job-clock.ts';
import { Outage } from '../runtime/cron/outage.ts';
import { connectEngine } from '../runtime/docker/docker-engine.ts';
import { answerCron } from './answer-cron.ts';
import { serveControl } from './control-socket.ts';
import { everyMinute } from './every-minute.ts';
import { startMetrics } from './metrics.ts';
import { ownCommand } from './own-command.ts';
import { scale } from './scale.ts';
import { watchOver } from '../runtime/heal/watch-over.ts';
import { probe } from './probe.ts';
import { staySmall } from './small.ts';
import { systemError } from './system-error.ts';

staySmall();
const stack = process.env['STACKC_STACK'] ?? '';
// Other places are for tests only.
const journal = process.env['STACKC_JOURNAL'] ?? JOURNAL_FOLDER;
const control = process.env['STACKC_AGENT_SOCKET'] ?? '/run/stackc/agent.sock';
const socket = process.env['STACKC_ENGINE_SOCKET'] ?? ENGINE_SOCKET;

/** How long an end waits for the disk: what has begun is written down by then. */
const LAST_WRITES_MS = 500;

const note = (line: string): void => void process.stdout.write(`${line}\n`);
const fail = (why: string): void => void process.stderr.write(`${why}\n`);

if (stack === '') {
  fail('`STACKC_STACK` does not say whose jobs are to be run');
  process.exit(64);
}

/** How long it waits for a healing or a scaling that is under way: it is killed 5 s after it was asked to end. */
const LAST_HEALING_MS = 4_000;

const stop = new AbortController();
let healing = Promise.resolve();
const runner = takeUp();
runner.catch((error: unknown) => {
  if (stop.signal.aborted) return;
  fail(`the jobs cannot be taken up: ${systemError(error)}`);
  // Whoever starts it again may find what it needs.
  process.exit(1);
});
serveControl(control, {
  answer: (request) => answerCron(request, runner),
  leave: () => undefined,
  complain: (why) => fail(`nobody can ask for anything: ${why}`),
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end());

async function takeUp(): Promise<CronRunner> {
  const outage = new Outage(systemJobClock, note, lose);
  const engine = await outage.outlast(stop.signal, () =>
    connectEngine({ kind: 'socket', path: socket, words: `unix://${socket}` }),
  );
  const made = new CronRunner({
    stack,
    engine,
    store: new FileStore(journal),
    clock: systemJobClock,
    stop: stop.signal,
    note,
    onLost: lose,
  });
  await made.begin();
  note('the agent is up');
  const tick = (): void =>
    void made.tick().catch((error: unknown) => {
      if (!stop.signal.aborted) fail(`a look at the clock came to nothing: ${systemError(error)}`);
    });
  tick();
  everyMinute(tick);
  const common = { stack, engine, clock: systemJobClock, note, stop: stop.signal };
  const { onRoster, onReport } = await startMetrics({ ...common, folder: journal, jobs: () => made.now() });
  const caller = { stack, socket, stop: stop.signal, fail };
  const run = ownCommand('heal', caller);
  const watching = watchOver({ ...common, agent: { probe }, run, onRoster });
  const scaling = scale({ ...caller, engine, journal, onReport, note });
  healing = Promise.all([watching, scaling]).then(() => undefined);
  return made;
}

/** Its engine starts it again, with the socket of then. */
function lose(): void {
  fail('the engine does not answer: the agent ends, to be started again');
  process.exit(1);
}

/** What runs goes on, and is followed by whoever comes next. */
async function end(): Promise<void> {
  stop.abort(new Error('the agent ends'));
  const settled = runner.then((made) => made.settled()).catch(() => undefined);
  await Promise.all([
    Promise.race([settled, sleep(LAST_WRITES_MS)]),
    Promise.race([healing, sleep(LAST_HEALING_MS)]),
  ]);
  process.exit(0);
}
