import { unreachable } from '../compiler/unreachable.ts';
import type { EngineError } from './engine.ts';
import { engineRules } from './plain-words/engine-rules.ts';
import { registryRules } from './plain-words/registry-rules.ts';
import type { Rule } from './plain-words/rule.ts';

/** A failed engine call for people. */
export interface PlainWords {
  readonly message: string;
  /** The engine's own words, where the message has better ones. */
  readonly detail: string | null;
  readonly help: string | null;
}

/** Puts a failed call into plain words: by the first rule that knows the engine's, else as they are. */
export function plainWords(error: EngineError): PlainWords {
  const isRegistry = /^(pull|ask the registry for) /.test(error.operation);
  const rules = isRegistry ? [...registryRules, ...engineRules] : engineRules;
  return byRule(rules, error.message) ?? { message: error.message, detail: null, help: helpFor(error) };
}

/** What a container's last words tell of a program that could not even begin; null for all others. */
export function helpForLog(log: readonly string[]): string | null {
  return log.some((line) => /exec format error/.test(line))
    ? (byRule(engineRules, 'exec format error')?.help ?? null)
    : null;
}

function byRule(rules: readonly Rule[], words: string): PlainWords | null {
  for (const { pattern, message, help } of rules) {
    const match = pattern.exec(words);
    if (match === null) continue;
    const fill = (text: string) => text.replace(/\$(\d)/g, (_, group: string) => match[Number(group)] ?? '');
    return { message: fill(message), detail: words, help: fill(help) };
  }
  return null;
}

function helpFor(error: EngineError): string | null {
  switch (error.kind) {
    case 'unreachable':
    case 'cut-off':
    case 'timeout':
      return 'what was under way may or may not have happened: `stack plan` shows what is there, `stack apply` goes on';
    case 'denied':
      return 'check the credentials in `docker.registries`, or `docker login`';
    case 'not-found':
    case 'conflict':
    case 'between-runs':
    case 'invalid':
    case 'server':
    case 'nonsense':
      return null;
    default:
      return unreachable(error.kind);
  }
}
