import type { FileEntry, PathFacts } from '../../src/runtime/engine.ts';
import type { BehaviourOf, ExecHandler } from '../support/memory/behaviour.ts';

/** The program of the contract suite's image, as `/usr/local/bin/play`; {@link playBehaviour} is the same in memory. */
export const playScript = `#!/bin/sh
case "$1" in
  run) trap 'exit 7' TERM; echo running; while :; do sleep 1 & wait $!; done ;;
  deaf) trap '' TERM; while :; do sleep 1; done ;;
  exit) exit "$2" ;;
  say) echo "out 1"; echo "err 1" >&2; echo "out 2"; echo "out 3" ;;
  say-and-run) trap 'echo bye; exit 0' TERM; echo "out 1"; while :; do sleep 1 & wait $!; done ;;
  env) echo "$PLAY" ;;
  read) while read -r line; do echo "read $line"; done; exit 4 ;;
esac
`;

/** The words that run it. */
export function play(...words: readonly string[]): readonly string[] {
  return ['/usr/local/bin/play', ...words];
}

/** What {@link playScript} does, for the engine in memory. */
export const playBehaviour: BehaviourOf = ({ command, env }) => {
  const [, program = '', word = '0'] = command ?? [];
  switch (program) {
    case 'run':
      return { stopExitCode: 7, output: [{ stream: 'stdout', text: 'running' }] };
    case 'deaf':
      return { stopAfterMs: Infinity };
    case 'exit':
      return { exitAfterMs: 5, exitCode: Number(word) };
    case 'say':
      return {
        exitAfterMs: 5,
        output: [
          { stream: 'stdout', text: 'out 1' },
          { stream: 'stderr', text: 'err 1' },
          { stream: 'stdout', text: 'out 2' },
          { stream: 'stdout', text: 'out 3' },
        ],
      };
    case 'say-and-run':
      return { stopExitCode: 0, output: [{ stream: 'stdout', text: 'out 1' }] };
    case 'read':
      return {
        reads: async (input, print) => {
          for await (const data of input) {
            for (const line of Buffer.from(data).toString('utf8').trimEnd().split('\n'))
              print(`read ${line}`);
          }
          return 4;
        },
      };
    case 'env': {
      const value = env.find((pair) => pair.startsWith('PLAY='))?.slice('PLAY='.length) ?? '';
      return { exitAfterMs: 5, output: [{ stream: 'stdout', text: value }] };
    }
    default:
      return { startError: `exec: "${command?.[0] ?? ''}": executable file not found in $PATH` };
  }
};

/** Commands for an exec, by what they do. */
export const execCommands = {
  both: ['sh', '-c', 'echo out; echo err >&2; exit 5'],
  cat: ['cat'],
  env: ['sh', '-c', 'echo "$PLAY"'],
  missing: ['/no/such/command'],
} as const;

/** What {@link execCommands} do, for the engine in memory. */
export const playExecHandler: ExecHandler = async ({ command, env = [] }, { input, stdout, stderr }) => {
  switch (command.join(' ')) {
    case execCommands.both.join(' '):
      stdout('out\n');
      stderr('err\n');
      return 5;
    case execCommands.cat.join(' '):
      for await (const chunk of input) stdout(Buffer.from(chunk).toString('utf8'));
      return 0;
    case execCommands.env.join(' '):
      stdout(`${env.find((pair) => pair.startsWith('PLAY='))?.slice('PLAY='.length) ?? ''}\n`);
      return 0;
    default:
      return 126;
  }
};

/** Some of what the image holds, for the engine in memory. */
export const playPaths: Readonly<Record<string, PathFacts>> = {
  '/usr/local/bin/play': { kind: 'file', target: null },
  '/bin': { kind: 'symlink', target: '/usr/bin' },
  '/usr/bin': { kind: 'directory', target: null },
};

const ONE: FileEntry = { kind: 'file', path: '/etc/stackc/one.conf', text: 'the first\n' };
const LINK: FileEntry = { kind: 'symlink', path: '/etc/stackc/link.conf', target: 'one.conf' };

/** The image's files that the suite reads. */
export const playFiles: Readonly<Record<string, readonly FileEntry[]>> = {
  '/etc/stackc': [ONE, LINK],
  '/etc/stackc/one.conf': [ONE],
};
