import { byteSize } from '../../compiler/byte-words.ts';
import { SETTINGS_FILE } from '../../compiler/setup/engine-settings.ts';
import type { SetupProblem } from '../../compiler/setup/setup-problems.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import type { SshEndpoint } from '../../runtime/docker/ssh-agent.ts';

/** What keeps a machine from being set up, and what to do about it. */
export function problemWords(
  problem: SetupProblem,
  machine: string,
): { readonly message: string; readonly help: string } {
  switch (problem.kind) {
    case 'unknown system':
      return {
        message: `${machine} is ${problem.name}, and only Debian and Ubuntu are known`,
        help: problem.hasEngine
          ? `\`stack --host ${machine} agent build\` does the rest with the engine that is there`
          : `install Docker Engine as its documentation says for that system, then \`stack --host ${machine} agent build\``,
      };
    case 'no root':
      return problem.asksPassword
        ? {
            message: `sudo lets ${problem.user} do nothing without a password`,
            help: `allow it without one (\`${problem.user} ALL=(ALL) NOPASSWD: ALL\` by \`visudo\`) while the machine is set up, or set it up as root`,
          }
        : {
            message: `${problem.user} is not root, and there is no sudo`,
            help: 'set it up as root, or install sudo and let this user use it without a password',
          };
    case 'no services':
      return {
        message: 'there is neither systemd nor `service`, so nothing would start the engine',
        help: 'is it a container? set up the machine that it runs on',
      };
    case 'no control groups':
      return {
        message: 'no control groups are mounted at /sys/fs/cgroup',
        help: 'is it a container? set up the machine that it runs on',
      };
    case 'foreign engine':
      return problem.source === 'snap'
        ? {
            message: "its engine is snap's, which sees only part of the machine's files, and is not replaced",
            help: `where nobody needs it: \`snap remove docker\` there; \`stack --host ${machine} agent build\` to go on with it as it is`,
          }
        : {
            message: 'its `docker` is Podman, which is another engine, and is not replaced',
            help: 'where nobody needs it: `apt-get remove podman-docker` there',
          };
    case 'old engine':
      return {
        message: `its engine (${problem.source} ${problem.version}) is too old: Docker 20.10 is needed`,
        help: 'upgrade it there, at a time when its containers may stop, then the same command again',
      };
    case 'old package':
      return {
        message: `its distribution has only docker.io ${problem.version}, and Docker 20.10 is needed`,
        help: '`--packages docker` takes those of Docker, where they still have any for this version',
      };
    case 'no codename':
      return {
        message: `${problem.name} has no code name, by which Docker's packages are found`,
        help: "without `--packages docker` the distribution's own are taken",
      };
    case 'bad settings':
      return {
        message: `${SETTINGS_FILE} over there cannot be read: ${problem.why}`,
        help: 'the engine does not start with it either: mend it by hand, then the same command again',
      };
    case 'little room':
      return {
        message: `it has ${byteSize(problem.freeBytes)} left for the engine, and about ${byteSize(problem.neededBytes)} are needed`,
        help: 'make room (`apt-get clean`, old logs), or mount a disk at /var/lib/docker',
      };
    default:
      return unreachable(problem);
  }
}

/** What follows `ssh` to come where the setup goes: `-p 2222 deploy@web1`. */
export function sshTarget({ user, host, port }: SshEndpoint): string {
  return `${port === null ? '' : `-p ${port} `}${user === null ? '' : `${user}@`}${host}`;
}

/** What to do about what ssh has said to {@link sshTarget}. */
export function lostHelp(said: string, target: string): string {
  if (/host key|authenticity|REMOTE HOST IDENTIFICATION/i.test(said))
    return `\`ssh ${target}\` once by hand shows its key: compare it, and take it or find out why it is another`;
  if (/permission denied|too many authentication/i.test(said))
    return `\`ssh -o BatchMode=yes ${target} true\` has to work without a question: is your key over there (\`ssh-copy-id ${target}\`), and in the agent?`;
  if (/resolve|not known/i.test(said)) return 'is it written right? a name may also stand in ~/.ssh/config';
  return `\`ssh ${target} true\` tells whether the machine is there`;
}
