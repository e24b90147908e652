import type { MachineFacts } from '../../compiler/setup/machine-facts.ts';
import type { PackageSource } from '../../compiler/setup/package-source.ts';
import { planSetup, type SetupPlan, type SetupStep } from '../../compiler/setup/setup-plan.ts';
import { agentImage, buildAgentImage } from '../../runtime/agent/agent-image.ts';
import { SshEnded } from '../../runtime/docker/engine-errors.ts';
import type { SshEndpoint } from '../../runtime/docker/ssh-agent.ts';
import { EngineError } from '../../runtime/engine.ts';
import { carryOut } from '../../runtime/setup/carry-out.ts';
import { lookAtMachine } from '../../runtime/setup/look.ts';
import { sshShell, type RemoteShell } from '../../runtime/setup/remote-shell.ts';
import type { Connection } from '../connection.ts';
import { confirm } from '../confirm.ts';
import { exitCode, exitCodeOf } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext, Interruption } from '../io.ts';
import { styleFor, writeData, writeNote } from '../output.ts';
import { setupReport } from '../render/setup-report.ts';
import { lostHelp, problemWords, sshTarget } from '../render/setup-problems.ts';
import { renderSetup, setupJson } from '../render/setup.ts';
import { setupHost } from '../setup-host.ts';

/** What `stack setup` is asked for. */
export interface SetupOptions {
  readonly packages: PackageSource;
  readonly restartEngine: boolean;
  readonly dryRun: boolean;
  readonly detailedExitCode: boolean;
}

/**
 * `stack setup HOST`: makes a Debian or Ubuntu behind ssh ready for stacks. Shows what is missing, asks, does it, and then connects
 * as stacks will. 69 where the machine is not reached; 2 with a dry run and `--detailed-exitcode` when something is missing.
 */
export async function setup(
  context: CommandContext,
  address: string,
  options: SetupOptions,
): Promise<number> {
  const endpoint = setupHost(address);
  const shell = sshShell(endpoint, context.io.env);
  const { tag } = agentImage();
  const facts = await look(shell, endpoint, tag);
  const { packages, restartEngine } = options;
  const plan = planSetup(facts, { packages, restartEngine, agentImage: tag });
  show(context, endpoint, facts, plan);
  if (plan.problems.length > 0) throw refusal(plan, endpoint);
  if (options.dryRun)
    return plan.steps.length > 0 && options.detailedExitCode ? exitCode.pending : exitCode.done;
  if (plan.steps.length > 0) {
    const text = `Do this on ${endpoint.words}? Type \`yes\`:`;
    await confirm(context, { text, answers: ['yes'], stdinTaken: false });
  }
  return carryOutAll(context, { endpoint, shell, facts, steps: plan.steps });
}

async function look(shell: RemoteShell, endpoint: SshEndpoint, tag: string): Promise<MachineFacts> {
  try {
    const facts = await lookAtMachine(shell, tag);
    if ('user' in facts) return facts;
    throw new CommandFailure(
      exitCode.failed,
      `${endpoint.words} does not say what it is`,
      `\`ssh ${sshTarget(endpoint)} sh\` has to give a POSIX shell`,
      facts,
    );
  } catch (error) {
    if (!(error instanceof SshEnded)) throw error;
    const message = `${endpoint.words} cannot be reached, so nothing was changed: ${error.message}`;
    throw new CommandFailure(exitCode.unreachable, message, lostHelp(error.message, sshTarget(endpoint)));
  }
}

function show(context: CommandContext, endpoint: SshEndpoint, facts: MachineFacts, plan: SetupPlan): void {
  const machine = endpoint.words;
  if (context.options.json) writeData(context, `${JSON.stringify(setupJson(machine, facts, plan))}\n`);
  else writeData(context, renderSetup(machine, facts, plan, styleFor(context, context.io.stdout)));
}

function refusal({ problems }: SetupPlan, { words }: SshEndpoint): CommandFailure {
  const told = problems.map((problem) => problemWords(problem, words));
  const [first] = told;
  if (first !== undefined && told.length === 1)
    return new CommandFailure(exitCode.failed, `${first.message}, so nothing was changed`, first.help);
  return new CommandFailure(
    exitCode.failed,
    `${words} cannot be set up as it is, so nothing was changed`,
    null,
    told.map(({ message, help }) => `${message}: ${help}`),
  );
}

/** What a setup goes on with once somebody has said yes. */
interface Work {
  readonly endpoint: SshEndpoint;
  readonly shell: RemoteShell;
  readonly facts: MachineFacts;
  readonly steps: readonly SetupStep[];
}

async function carryOutAll(
  context: CommandContext,
  { endpoint, shell, facts, steps }: Work,
): Promise<number> {
  const { io } = context;
  const stop = new AbortController();
  let interruption: Interruption | null = null;
  const letGo = io.onSignal((signal) => {
    if (stop.signal.aborted) return io.exit(exitCodeOf(signal));
    interruption = signal;
    stop.abort();
    if (steps.length > 0)
      writeNote(context, 'the step that goes on is brought to its end; once more leaves at once');
  });
  const report = setupReport(context, endpoint);
  let connection: Connection | null = null;
  const connect = async () => (connection ??= await connectThere(context, endpoint));
  const buildAgent = async (onLine: (line: string) => void) => {
    await buildAgentImage((await connect()).engine, {}, onLine);
  };
  try {
    const { rights, system } = facts;
    const options = { shell, rights, services: system.services, buildAgent, stop: stop.signal };
    const isDone = await carryOut(steps, options, report.note);
    if (!isDone && interruption === null) return report.failed();
    if (!isDone && interruption !== null) {
      report.stopped();
      return exitCodeOf(interruption);
    }
    const { version, apiVersion } = await (await connect()).engine.facts();
    report.ready(version, apiVersion, steps.length);
    return exitCode.done;
  } finally {
    letGo();
    (connection as Connection | null)?.engine.close();
  }
}

/** As every command with `--host` will. */
async function connectThere({ io }: CommandContext, endpoint: SshEndpoint): Promise<Connection> {
  try {
    return await io.connect({ context: null, host: endpoint.words, env: io.env });
  } catch (error) {
    if (
      !(error instanceof EngineError) ||
      !/permission denied.*docker|docker.*permission denied/i.test(error.message)
    )
      throw error;
    throw new CommandFailure(
      exitCode.failed,
      `the engine does not take the connection yet: ${error.message}`,
      `a shared ssh connection keeps the groups that it began with: \`ssh -O exit ${sshTarget(endpoint)}\`, then the same command again`,
    );
  }
}
