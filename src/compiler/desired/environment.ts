import type { ApplicationSpec, EnvEntry } from '../spec/application-spec.ts';
import type { ContainerSpec } from '../spec/container-spec.ts';
import type { Problems } from '../spec/problems.ts';
import { isSensitiveName } from '../spec/sensitive-name.ts';
import { holdsHidden, variesByInstance, type Template } from '../spec/template.ts';
import { RELEASE_HOLE } from './desired-state.ts';
import type { ContainerKey, EnvVar } from './desired-state.ts';
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
 * Variables that containers take from each other, each container's laid over those of the one it takes from. Kept, so
 * that a long `env_from` chain is walked once.
 */
export class InheritedEnvironment {
  readonly #kept = new Map<ContainerKey, ReadonlyMap<string, EnvSource>>();

  /** Its own `env` over what it inherits. */
  of(container: ContainerSpec): ReadonlyMap<string, EnvSource> {
    const chain = [...container.envChain, container];
    // Most of a long chain is known already, from its start.
    let first = chain.length;
    while (first > 0 && !this.#kept.has(chain[first - 1]?.key ?? container.key)) first--;
    let inherited = this.#kept.get(chain[first - 1]?.key ?? container.key) ?? new Map<string, EnvSource>();
    for (const giver of chain.slice(first)) {
      inherited = new Map([...inherited, ...giver.env.map((entry) => [entry.name, written(entry)] as const)]);
      this.#kept.set(giver.key, inherited);
    }
    return inherited;
  }
}

function written({ name, value }: EnvEntry): EnvSource {
  return { name, value, masked: isSensitiveName(name) || holdsHidden(value), tracked: true };
}

/**
 * Lays a container's variables over each other, the later winning: the application's, those of the `env_from` chain,
 * its own, the database's seven, `RELEASE_TAG`.
 */
export function environment(
  container: ContainerSpec,
  application: ApplicationSpec,
  inherited: InheritedEnvironment,
  operator: OperatorDatabase,
  releaseTag: string | null,
  problems: Problems,
): Environment {
  const found = new Map<string, EnvSource>();
  for (const entry of application.environment) found.set(entry.name, written(entry));
  for (const [name, source] of inherited.of(container)) found.set(name, source);
  const overridden = (name: string, by: string) => {
    const entry = container.env.find((own) => own.name === name);
    if (entry === undefined) return;
    problems.warn('STK355', `\`${name}\` is overridden by ${by}`, entry.range, {
      help: 'take it out of `env`',
    });
  };
  if (container.database !== null) {
    for (const source of databaseSources(application, operator)) {
      overridden(source.name, '`database`');
      found.set(source.name, source);
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

function databaseSources(application: ApplicationSpec, operator: OperatorDatabase): readonly EnvSource[] {
  if (application.database !== null) return application.database.variables.map(written);
  // It comes from the operator's environment, so it is never shown.
  return operator.variables.map(([name, value]) => ({
    name,
    value: { fixed: value },
    masked: true,
    tracked: true,
  }));
}

/** Expands a container's variables for one instance; one whose value cannot be known is left out. */
export type EnvironmentExpander = (
  expand: (template: Template) => string | null,
  dig: (text: string) => string,
) => readonly EnvVar[];

/** Keeps what instances share: only values that vary are expanded again, the others only searched for the socket. */
export function environmentExpander({ sources }: Environment): EnvironmentExpander {
  const kept = new Map<EnvSource, EnvVar | null>();
  return (expand, dig) => {
    const variables: EnvVar[] = [];
    for (const source of sources) {
      let variable = kept.get(source);
      if (variable === undefined) {
        variable = expanded(source, expand);
        if ('fixed' in source.value || !variesByInstance(source.value)) kept.set(source, variable);
      }
      if (variable === null) continue;
      const value = dig(variable.value);
      variables.push(value === variable.value ? variable : { ...variable, value });
    }
    return variables;
  };
}

function expanded(
  { name, value, masked, tracked }: EnvSource,
  expand: (template: Template) => string | null,
): EnvVar | null {
  const text = 'fixed' in value ? value.fixed : expand(value);
  return text === null ? null : { name, value: text, masked, tracked };
}
