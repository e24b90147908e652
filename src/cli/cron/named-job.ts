import type { Engine } from '../../runtime/engine.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import { containersOf, suggestion } from '../names.ts';
import type { NamedStack } from '../stack-name.ts';
import { demandStack } from '../stacks.ts';
import { findJobs, type Job, type StackJobs } from './jobs.ts';

/** The job that a NAME means, with all that is known of a stack's jobs. Fails with 64 for one that nobody knows. */
export async function namedJob(
  engine: Engine,
  named: NamedStack,
  name: string,
): Promise<{ readonly job: Job; readonly jobs: StackJobs }> {
  const jobs = await findJobs(engine, named.stack);
  const found = jobs.jobs.filter(({ key, container }) => key === name || container === name);
  const [job, other] = found;
  if (job !== undefined && other === undefined) return { job, jobs };
  if (other !== undefined)
    throw new CommandFailure(
      exitCode.usage,
      `\`${name}\` is a job of several applications`,
      `name one: ${found.map(({ key }) => `\`${key}\``).join(', ')}`,
    );
  if (named.spec === null && jobs.jobs.length === 0) await demandStack(engine, named.stack);
  throw unknownJob(named, jobs, name);
}

function unknownJob({ stack, spec }: NamedStack, { jobs }: StackJobs, name: string): CommandFailure {
  const [container] = spec === null ? [] : containersOf(spec, name);
  if (container?.mode === 'cron')
    return new CommandFailure(
      exitCode.failed,
      `nothing of \`${name}\` is on this engine yet`,
      '`stack apply` has it run by its schedule',
    );
  return new CommandFailure(
    exitCode.usage,
    container === undefined
      ? `stack \`${stack}\` has no job \`${name}\``
      : `\`${name}\` is \`deploy: ${container.mode}\`, and no job`,
    suggestion(
      name,
      jobs.map((one) => one.container),
    ) ?? 'a `deploy: cron` container is a job',
  );
}
