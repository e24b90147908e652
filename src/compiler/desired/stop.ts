import type { ContainerSpec } from '../spec/container-spec.ts';
import type { StopSpec } from './desired-state.ts';
import { programOf } from './program.ts';
import type { ImageConfig } from './resolved-inputs.ts';

/** Programs that finish what is under way only on a signal of their own. */
const GRACEFUL: readonly (readonly [program: RegExp, signal: string])[] = [
  [/^unicorn(_rails)?$/, 'QUIT'],
  [/^nginx(-debug)?$/, 'QUIT'],
  [/^php-fpm[\d.]*$/, 'QUIT'],
  [/^haproxy(-systemd-wrapper)?$/, 'USR1'],
  [/^(apache2|httpd|apachectl|apache2ctl|apache2-foreground|httpd-foreground)$/, 'WINCH'],
  [/^(postgres|postmaster)$/, 'INT'],
];

/** How an instance is stopped, and the signal that its container is created with (null: the image's own). */
export interface Stop {
  readonly spec: StopSpec;
  readonly stopSignal: string | null;
}

/**
 * Which signal stops a container: the written one, else the image's STOPSIGNAL, else by the program, else TERM.
 * `config` is null while the image is not known; then nothing is set that it may say better.
 */
export function stopOf(
  container: ContainerSpec,
  entrypoint: readonly string[] | null,
  command: readonly string[] | null,
  config: ImageConfig | null,
): Stop {
  const rest = {
    quietSignal: container.quietSignal,
    timeoutS: container.stopTimeoutS,
    drainS: container.drainTimeoutS,
  };
  if (container.stopSignal !== null) {
    const short = container.stopSignal.replace(/^SIG/, '');
    return {
      spec: { ...rest, signal: container.stopSignal, why: `${short}: \`stop_signal\`` },
      stopSignal: container.stopSignal,
    };
  }
  const image = config?.stopSignal ?? null;
  if (image !== null && image !== '') {
    const short = image.replace(/^SIG/, '');
    return {
      spec: { ...rest, signal: `SIG${short}`, why: `${short}: the image's STOPSIGNAL` },
      stopSignal: null,
    };
  }
  for (const program of programs(entrypoint, command, config)) {
    const rule = GRACEFUL.find(([pattern]) => pattern.test(program));
    if (rule === undefined) continue;
    const signal = `SIG${rule[1]}`;
    return {
      spec: { ...rest, signal, why: `${rule[1]}: ${program} stops gracefully on it` },
      stopSignal: signal,
    };
  }
  return {
    spec: {
      ...rest,
      signal: 'SIGTERM',
      why: config === null ? 'TERM, unless the image says otherwise' : 'TERM: nothing says otherwise',
    },
    stopSignal: config === null ? null : 'SIGTERM',
  };
}

/** The programs that may be the one which gets the signal: an entrypoint mostly execs the command. */
function programs(
  entrypoint: readonly string[] | null,
  command: readonly string[] | null,
  config: ImageConfig | null,
): readonly string[] {
  const first = entrypoint ?? config?.entrypoint ?? [];
  // The engine drops the image's command when the entrypoint is replaced.
  const second = command ?? (entrypoint === null ? (config?.command ?? []) : []);
  return [programOf(first), programOf(second)].flatMap((program) => program ?? []);
}
