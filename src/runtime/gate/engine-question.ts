import type { Gate } from '../../compiler/desired/desired-state.ts';
import type { Clock } from '../clock.ts';
import { elapsed } from '../elapsed.ts';
import type { ContainerDetails, Engine } from '../engine.ts';
import type { Answer, Question } from './question.ts';

const LOOK_MS = 250;

/**
 * Asks the engine: healthy, or, without a health check, running for `uptimeMs` without a restart. The time is taken
 * here from the first look on, since the engine's host may have another idea of what time it is.
 */
export function engineQuestion(
  { limitMs, uptimeMs }: Extract<Gate, { kind: 'engine' }>,
  engine: Pick<Engine, 'inspectContainer'>,
  containerId: string,
  clock: Clock,
): Question {
  let run = '';
  let runningSince = 0;
  const uptime = (details: ContainerDetails): Answer => {
    if (details.state !== 'running') {
      run = '';
      return { good: false, kind: 'answer', words: `\`${details.state}\`` };
    }
    const thisRun = `${details.startedAt} ${details.restartCount}`;
    if (run !== thisRun) runningSince = clock.now();
    run = thisRun;
    if (clock.now() - runningSince >= uptimeMs) {
      return { good: true, kind: 'answer', words: `ran for ${elapsed(uptimeMs)}` };
    }
    const restarts = details.restartCount === 0 ? '' : `, restarted ${details.restartCount} times`;
    return { good: false, kind: 'answer', words: `runs, but not for ${elapsed(uptimeMs)} yet${restarts}` };
  };
  return {
    intervalMs: LOOK_MS,
    // A start is only seen up to one look late, so that running from the start takes longer than the uptime.
    limitMs: Math.max(limitMs, uptimeMs + 2 * LOOK_MS),
    inARow: 1,
    ask: async (): Promise<Answer> => {
      const details = await engine.inspectContainer(containerId);
      if (details === null) return { good: false, kind: 'error', words: 'the container is gone' };
      if (details.health === 'none') return uptime(details);
      const good = details.health === 'healthy';
      return { good, kind: 'answer', words: `\`${details.health}\` from its health check` };
    },
    close: () => undefined,
  };
}
