import type { ApplyCommand } from '../../compiler/journal/record.ts';
import type { HookName } from '../../compiler/spec/stack-spec.ts';

/** What all hooks of an apply are told. */
export interface HookFacts {
  readonly stack: string;
  /** The name of the engine's host. */
  readonly engine: string;
  readonly command: ApplyCommand;
  /** Of the stack file; null where it lies in no repository of git. */
  readonly commit: string | null;
  /** `anna@laptop`. */
  readonly performer: string;
  /** The instances that the apply is about: `shop/app0`. */
  readonly changed: readonly string[];
}

/** What only one of them is told. */
export interface HookMoment {
  readonly hook: HookName;
  /** Null: nobody writes it down. */
  readonly revision: number | null;
  /** What came of the apply, and how long it took; null: it is not over. */
  readonly ended: { readonly result: 'done' | 'failed'; readonly tookMs: number } | null;
}

/** The facts as variables; empty where there is none. No secret is among them. */
export function hookVariables(
  { stack, engine, command, commit, performer, changed }: HookFacts,
  { hook, revision, ended }: HookMoment,
): Readonly<Record<string, string>> {
  return {
    STACKC_HOOK: hook,
    STACKC_STACK: stack,
    STACKC_ENGINE: engine,
    STACKC_COMMAND: command,
    STACKC_REVISION: String(revision ?? ''),
    STACKC_CHANGED: changed.join(' '),
    STACKC_COMMIT: commit ?? '',
    STACKC_PERFORMER: performer,
    STACKC_RESULT: ended?.result ?? '',
    STACKC_RUNTIME: ended === null ? '' : String(Math.round(ended.tookMs / 1000)),
  };
}
