import type { ContainerKey } from '../desired/desired-state.ts';
import { rehearse } from '../desired/rehearse.ts';
import type { Compiled } from '../diagnostic.ts';
import { withMost } from '../scale/spec-counts.ts';
import { baseName } from '../names.ts';
import type { Document } from '../source/document.ts';
import { linkApplication } from './link/link-application.ts';
import { nameBuilds } from './link/name-builds.ts';
import type { ApplicationSpec } from './application-spec.ts';
import { checkCollisions } from './check-collisions.ts';
import { Problems } from './problems.ts';
import { readApplication } from './read/application.ts';
import { readHooks } from './read/hooks.ts';
import { reportLaterKeys } from './read/later-keys.ts';
import { readMetrics } from './read/metrics.ts';
import { Reader } from './read/reader.ts';
import { readRegistries } from './read/registries.ts';
import { readContainerDefaults } from './read/container-defaults.ts';
import { NOTHING_WRITTEN } from './read/rollout.ts';
import { readSecrets } from './read/secrets.ts';
import { readForwarder, readManual, warnDockerExec } from './read/stack-keys.ts';
import { readStackName } from './read/stack-name.ts';
import type { StackSpec } from './stack-spec.ts';

/** Earlier revisions that can be gone back to, where the file does not say. */
const DEFAULT_KEEP = 5;

/** What the command line says besides the file. */
export interface CompileOptions {
  /** `--name`; wins over the file's. */
  readonly name?: string;
}

/** The stack's name before anything else is known; null when `compile` will complain of it. Never throws. */
export function stackNameOf({ source, root }: Document, options: CompileOptions): string | null {
  const reader = new Reader(new Problems(source), new Set(), { stack: '', application: '', container: '' });
  const fields = reader.fields(root);
  const deploy = [...reader.fields(fields.get('deploy')?.value).values()];
  return readStackName(fields.get('name')?.value, options.name ?? null, deploy, reader) || null;
}

/** What a document says, before it is rehearsed. */
export interface Draft {
  readonly spec: StackSpec;
  readonly problems: Problems;
  /** Containers with problems of their own. */
  readonly flawed: ReadonlySet<ContainerKey>;
}

/**
 * Turns a document of the right shape into what it means: all problems of the file at once, `STK3xx`. Never throws,
 * whatever the document.
 */
export function compile(document: Document, options: CompileOptions = {}): Compiled<StackSpec> {
  return complete(draft(document, options));
}

/**
 * The second half of {@link compile}: rehearses `resolve` with nothing known from outside, so that `stack validate`
 * finds without an engine whatever the file alone can have wrong.
 */
export function complete({ spec, problems, flawed }: Draft): Compiled<StackSpec> {
  // Problems of what has some already would only be consequences.
  problems.take(rehearse(withMost(spec), flawed));
  return problems.conclude({ ...spec, told: problems.told() });
}

/** The first half of {@link compile}: reads and links. */
export function draft(document: Document, options: CompileOptions = {}): Draft {
  const problems = new Problems(document.source);
  const unnamed = new Reader(problems, new Set(), { stack: '', application: '', container: '' });
  const fields = unnamed.fields(document.root);
  const node = (key: string) => fields.get(key)?.value;
  reportLaterKeys(fields, 'stack', unnamed);
  const deploy = [...unnamed.fields(node('deploy')).values()];
  const isMisspelt = unnamed.isMisspelt(fields, 'deploy');
  if (node('deploy') === undefined && document.root.kind === 'object' && !isMisspelt) {
    problems.error('STK202', 'the file has no `deploy`', document.root.range);
  }
  const name = readStackName(node('name'), options.name ?? null, deploy, unnamed);
  const secrets = readSecrets(node('secrets'), unnamed.within({ stack: name }));
  const declared = new Set(unnamed.fields(node('secrets')).keys());
  const reader = new Reader(problems, declared, { stack: name, application: '', container: '' });

  const docker = reader.fields(node('docker'));
  const registries = readRegistries(docker.get('registries')?.value, reader);
  warnDockerExec(docker.get('exec'), reader);
  const flawed = new Set<ContainerKey>();
  const defaults = readContainerDefaults(fields, reader, { ...NOTHING_WRITTEN, heal: null });
  const linked = deploy.map((property): ApplicationSpec => {
    const written = readApplication(property, reader, defaults);
    const { dataVolumes, database, environment, range } = written;
    const base = baseName(name, property.key);
    const { containers, flawed: wrong } = linkApplication(written, problems);
    for (const key of wrong) flawed.add(key);
    return {
      name: property.key,
      range,
      base,
      dataVolumes,
      database,
      environment,
      containers,
    };
  });
  const applications = nameBuilds(name, linked);
  checkCollisions(applications, problems);
  const agent = reader.fields(node('agent'));
  const spec: StackSpec = {
    source: document.source,
    name,
    applications,
    registries,
    secrets,
    forwarder: readForwarder(reader.fields(node('logrotate')).get('forwarder')?.value, applications, reader),
    included: readManual(fields.get('manual'), applications, reader),
    hooks: readHooks(node('hooks'), applications, reader),
    heals: defaults.heal === true,
    engineSocket: reader.text(agent.get('engine_socket')?.value, 'written')?.text ?? null,
    metrics: readMetrics(agent.get('metrics')?.value, name, reader),
    keep: reader.integer(node('keep'), 0, 100) ?? DEFAULT_KEEP,
    told: new Set(),
  };
  return { spec, problems, flawed };
}
