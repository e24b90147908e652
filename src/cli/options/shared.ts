import type { Command } from 'commander';

import type { WalkFlags } from '../apply-plan.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { ProveFlags } from '../prove.ts';
import type { FileFlag } from '../usage.ts';
import { address, collect, method, natural, rate } from './values.ts';

// Options that several commands take.

export const LOCK_TIMEOUT = 'wait so long for somebody else who changes the stack (default: 0)';
export const INCLUDE = 'replace this `manual` container too (may be repeated)';
export const ALLOW_REMOVE_ALL = 'even when that removes every running container of the stack';
export const ACROSS_MIGRATIONS = 'even when a migration that is not `reversible` has run since';
export const REQUIRE_ZERO_DOWNTIME = 'exit with 1 where a change is not sure to lose no request';

const ADOPT = 'what was started outside of the stack and is named like an instance becomes a part of it';
export const SKIP_HOOKS = 'run none of the hooks of the stack file';

export function withFile(command: Command): Command {
  return command.option('-f, --file <file>', 'the stack file');
}

export interface SelectionFlags extends FileFlag {
  readonly requireZeroDowntime?: true;
  readonly include?: readonly string[];
  readonly force?: readonly string[];
  readonly only?: readonly string[];
  readonly allowRemoveAll?: true;
  readonly skipMigration?: true;
  readonly skipHooks?: true;
  readonly adopt?: true;
}

interface ProveOptions {
  readonly prove?: URL;
  readonly proveRate?: number;
  readonly proveMethod?: string;
  readonly proveAfter?: true;
}

export interface WalkOptions extends ProveOptions {
  readonly detach?: true;
  readonly engineSocket?: string;
  readonly lockTimeout?: number;
  readonly requireZeroDowntime?: true;
}

/** The options of a command that walks a plan. */
export function addWalk(command: Command): Command {
  return command
    .option(
      '--prove <url>',
      'send requests to this address meanwhile; the first that fails ends the apply',
      address,
    )
    .option('--prove-rate <n>', 'so many requests a second, 1 to 1000 (default: 20)', rate)
    .option('--prove-method <method>', 'the method of these requests (default: GET)', method)
    .option('--prove-after', 'judge only requests after the last change: for an apply that mends what fails')
    .option('--lock-timeout <seconds>', LOCK_TIMEOUT, natural)
    .option('--detach', 'go on beside the engine once it has begun: `stack attach` follows it')
    .option('--engine-socket <path>', "the engine's socket on its own host, for `--detach`");
}

export function walkFlags(flags: WalkOptions): WalkFlags {
  return {
    prove: proveFlags(flags),
    requireZeroDowntime: flags.requireZeroDowntime === true,
    lockTimeoutS: flags.lockTimeout ?? 0,
    detach: flags.detach === true,
    engineSocket: flags.engineSocket ?? null,
  };
}

const PROVE_RATE = 20;

function proveFlags({ prove, proveRate, proveMethod, proveAfter }: ProveOptions): ProveFlags | null {
  if (prove !== undefined)
    return {
      url: prove,
      ratePerS: proveRate ?? PROVE_RATE,
      method: proveMethod ?? 'GET',
      judgedFrom: proveAfter === true ? 'after' : 'before',
    };
  if (proveRate === undefined && proveMethod === undefined && proveAfter === undefined) return null;
  throw new CommandFailure(
    exitCode.usage,
    '`--prove-rate`, `--prove-method` and `--prove-after` say how `--prove` asks',
    'name the address: `--prove https://shop.example/`',
  );
}

export function addSelection(command: Command): Command {
  return command
    .option('--include <name>', INCLUDE, collect)
    .option('--force <name>', 'replace this container or instance anyway (may be repeated)', collect)
    .option('--only <name>', 'only this one and what it depends on (may be repeated)', collect)
    .option('--allow-remove-all', ALLOW_REMOVE_ALL)
    .option('--skip-migration', 'run no migration: the new version starts on the data as it is')
    .option('--skip-hooks', SKIP_HOOKS)
    .option('--adopt', ADOPT)
    .option('--require-zero-downtime', REQUIRE_ZERO_DOWNTIME);
}

export function selection(flags: SelectionFlags): {
  readonly include: readonly string[];
  readonly force: readonly string[];
  readonly only: readonly string[];
  readonly allowRemoveAll: boolean;
  readonly skipMigration: boolean;
  readonly skipHooks: boolean;
  readonly adopt: boolean;
  readonly requireZeroDowntime: boolean;
} {
  return {
    include: flags.include ?? [],
    force: flags.force ?? [],
    only: flags.only ?? [],
    allowRemoveAll: flags.allowRemoveAll === true,
    skipMigration: flags.skipMigration === true,
    skipHooks: flags.skipHooks === true,
    adopt: flags.adopt === true,
    requireZeroDowntime: flags.requireZeroDowntime === true,
  };
}
