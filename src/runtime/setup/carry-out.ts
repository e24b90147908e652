import type { MachineFacts } from '../../compiler/setup/machine-facts.ts';
import type { SetupStep } from '../../compiler/setup/setup-plan.ts';
import { SshEnded } from '../docker/engine-errors.ts';
import { EngineError } from '../engine.ts';
import type { RemoteShell } from './remote-shell.ts';
import { stepScript, WAITING } from './step-script.ts';

/** What comes of a setup, as it goes on. */
export type SetupEvent =
  | { readonly type: 'started'; readonly step: SetupStep }
  | { readonly type: 'line'; readonly step: SetupStep; readonly text: string }
  /** Somebody else holds the package manager. */
  | { readonly type: 'waiting'; readonly step: SetupStep; readonly holder: string }
  | { readonly type: 'done'; readonly step: SetupStep }
  /** Nothing more is begun. */
  | {
      readonly type: 'failed';
      readonly step: SetupStep;
      readonly why: string;
      /** The last of what it wrote. */
      readonly lines: readonly string[];
      /** The machine was lost: whether the step came to its end is not known. */
      readonly isLost: boolean;
    };

/** What a setup is done with. */
export interface CarryOutOptions {
  readonly shell: RemoteShell;
  readonly rights: MachineFacts['rights'];
  readonly services: MachineFacts['system']['services'];
  /** Builds the agent's image over the connection that stacks are applied through; rejects with `EngineError`. */
  readonly buildAgent: (onLine: (line: string) => void) => Promise<void>;
  /** Nothing more is begun. */
  readonly stop: AbortSignal;
}

/** An installation over a slow line. */
const STEP_LIMIT_MS = 45 * 60_000;
const SHOWN_LINES = 12;

/** Does the steps one after the other, until one fails. True when all are done. Rejects with `EngineError` where nobody connects. */
export async function carryOut(
  steps: readonly SetupStep[],
  options: CarryOutOptions,
  note: (event: SetupEvent) => void,
): Promise<boolean> {
  for (const step of steps) {
    if (options.stop.aborted) return false;
    note({ type: 'started', step });
    const event = await done(step, options, note);
    note(event);
    if (event.type === 'failed') return false;
  }
  return true;
}

async function done(
  step: SetupStep,
  { shell, rights, services, buildAgent }: CarryOutOptions,
  note: (event: SetupEvent) => void,
): Promise<SetupEvent> {
  const lines: string[] = [];
  const hear = (line: string) => {
    if (line.startsWith(WAITING)) {
      note({ type: 'waiting', step, holder: line.slice(WAITING.length) });
      return;
    }
    lines.push(line);
    if (lines.length > SHOWN_LINES) lines.shift();
    note({ type: 'line', step, text: line });
  };
  if (step.kind === 'build agent image') {
    try {
      await buildAgent(hear);
      return { type: 'done', step };
    } catch (error) {
      if (!(error instanceof EngineError) || error.operation === 'connect') throw error;
      // The message holds all that the build has written; that was told line by line.
      const why = error.message.trim().split('\n').at(-1) ?? '';
      return { type: 'failed', step, why, lines, isLost: false };
    }
  }
  const script = stepScript(step, services);
  try {
    const { code } = await shell.run({ script, sudo: rights === 'sudo', limitMs: STEP_LIMIT_MS }, hear);
    if (code === 0) return { type: 'done', step };
    return { type: 'failed', step, why: `exit code ${code}`, lines, isLost: false };
  } catch (error) {
    if (!(error instanceof SshEnded)) throw error;
    return { type: 'failed', step, why: `the connection is lost: ${error.message}`, lines, isLost: true };
  }
}
