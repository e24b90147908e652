import type { ApplicationSpec, EnvEntry } from '../spec/application-spec.ts';
import type { ContainerSpec } from '../spec/container-spec.ts';
import type { Problems } from '../spec/problems.ts';
import { isSensitiveName } from '../spec/sensitive-name.ts';
import { holdsHidden, variesByInstance, type Template } from '../spec/template.ts';
import { RELEASE_HOLE } from './desired-state.ts';
import type { EnvVar } from './desired-state.ts';
import type { OperatorDatabase } from './operator-database.ts';

/** Where one variable's value comes from. */
export interface EnvSource {
  readonly name: string;
  readonly value: Template | { readonly fixed: string };
  readonly masked: boolean;
  readonly tracked: boolean;
}

/** A container's variables, sorted by name, before they are expanded. */
export interface Environment {
  readonly sources: readonly EnvSource[];
  readonly names: readonly string[];
  readonly varies: boolean;
}

/**
 * Lays a container's variables over each other, the later winning: the application's, those of the `env_from` chain,
 * its own, the database's seven, `RELEASE_TAG`.
 */
export function environment(
  container: ContainerSpec,
  application: ApplicationSpec,
  operator: OperatorDatabase,
  releaseTag: string | null,
  problems: Problems,
): Environment {
  const found = new Map<string, EnvSource>();
  const add = ({ name, value }: EnvEntry) => {
    const masked = isSensitiveName(name) || holdsHidden(value);
    found.set(name, { name, value, masked, tracked: true });
  };
  for (const entry of application.environment) add(entry);
  for (const other of container.envChain) for (const entry of other.env) add(entry);
  for (const entry of container.env) add(entry);
  const own = new Map(container.env.map((entry) => [entry.name, entry]));
  const overridden = (name: string, by: string) => {
    const entry = own.get(name);
    if (entry === undefined) return;
    problems.warn('STK355', `\`${name}\` is overridden by ${by}`, entry.range, {
      help: 'take it out of `env`',
    });
  };
  if (container.database !== null) {
    const variables = application.database?.variables;
    for (const entry of variables ?? []) {
      overridden(entry.name, '`database`');
      add(entry);
    }
    if (variables === undefined) {
      for (const [name, value] of operator.variables) {
        overridden(name, '`database`');
        // It comes from the operator's environment, so it is never shown.
        found.set(name, { name, value: { fixed: value }, masked: true, tracked: true });
      }
    }
  }
  overridden('RELEASE_TAG', "the image's id");
  const release = { fixed: releaseTag ?? RELEASE_HOLE };
  found.set('RELEASE_TAG', { name: 'RELEASE_TAG', value: release, masked: false, tracked: false });
  const sources = [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    sources,
    names: sources.map(({ name }) => name),
    varies: sources.some(({ value }) => 'parts' in value && variesByInstance(value)),
  };
}

/** The variables with their values; one whose value cannot be known is left out. */
export function expandEnvironment(
  { sources }: Environment,
  expand: (template: Template) => string | null,
): readonly EnvVar[] {
  return sources.flatMap(({ name, value, masked, tracked }): readonly EnvVar[] => {
    const text = 'fixed' in value ? value.fixed : expand(value);
    return text === null ? [] : [{ name, value: text, masked, tracked }];
  });
}
