import type { ContainerConfig } from '../../../src/compiler/plan/container-config.ts';
import type { ContainerDetails, ExecRequest } from '../../../src/runtime/engine.ts';

/** What the process of a container does. All absent: it runs until it is stopped, and stops at once. */
export interface Behaviour {
  /** The engine's words why it cannot start. */
  readonly startError?: string;
  /** It ends by itself; absent: never. */
  readonly exitAfterMs?: number;
  /** Of its own end; default 0. */
  readonly exitCode?: number;
  /** From the stop signal to its end; `Infinity`: it ignores the signal. Default 0. */
  readonly stopAfterMs?: number;
  /** Of the end that the stop signal brought; default 143. */
  readonly stopExitCode?: number;
  /** Exit codes by signal (`HUP`) for those that end it; others than the stop signal and KILL are ignored. */
  readonly signals?: Readonly<Record<string, number>>;
  /** With a health check: `starting` until then, then `healthy`. */
  readonly healthyAfterMs?: number;
  /** With a health check: `unhealthy` from then on. */
  readonly unhealthyAfterMs?: number;
  readonly output?: readonly OutputLine[];
  /** Plays a program that reads its input, with `print` for its lines; its return value is the exit code. */
  readonly reads?: (input: AsyncIterable<Uint8Array>, print: (text: string) => void) => Promise<number>;
}

/** One line of a container's log. */
export interface OutputLine {
  readonly stream: 'stdout' | 'stderr';
  /** Without the line's end. */
  readonly text: string;
  /** After the start; default 0. */
  readonly afterMs?: number;
}

/** `run` counts the starts of one container from 1. */
export type BehaviourOf = (config: ContainerConfig, run: number) => Behaviour;

/** Plays the command of an exec; its return value is the exit code. */
export type ExecHandler = (request: ExecRequest, play: ExecPlay) => Promise<number> | number;

/** What an exec can see and do. `input` ends with the session's input. */
export interface ExecPlay {
  readonly container: ContainerDetails;
  readonly input: AsyncIterable<Uint8Array>;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}
