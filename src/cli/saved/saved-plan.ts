import { shallowJson } from '../../compiler/shallow-json.ts';
import { canonicalJson } from '../../compiler/desired/canonical-json.ts';
import { sha256 } from '../sha256.ts';

/** Raised when a field changes its meaning. */
const FORMAT = 1;

/** A plan in a file, to be applied later, maybe elsewhere. It holds what the plan shows, so no secret. */
export interface SavedPlan {
  /** RFC 3339. */
  readonly made_at: string;
  /** The engine's own id, and its host's name. */
  readonly engine: { readonly id: string; readonly host: string };
  readonly stack: string;
  /** The stack file: where it was, as it was named, and the SHA-256 of its text. */
  readonly file: { readonly path: string; readonly sha256: string };
  /** The SHA-256 of each file beside it that is put into containers, by its name in the stack file. */
  readonly files: Readonly<Record<string, string>>;
  readonly selection: SavedSelection;
  /** As `stack plan --json` prints it, without what was said of the file. */
  readonly plan: SavedWork;
}

/** What was asked for besides the file. */
export interface SavedSelection {
  readonly name: string | null;
  readonly include: readonly string[];
  readonly force: readonly string[];
  readonly only: readonly string[];
  readonly allow_remove_all: boolean;
  /** Absent in older ones: false. */
  readonly skip_migration?: boolean;
  /** The same. */
  readonly skip_hooks?: boolean;
  /** The same. */
  readonly adopt?: boolean;
}

/** The part of a plan that an apply must find again. */
export interface SavedWork {
  readonly format_version: number;
  readonly changes: readonly SavedChange[];
  readonly nodes: readonly unknown[];
}

/** A change, as far as it is looked into. */
export interface SavedChange {
  readonly id: string;
  readonly action: string;
  readonly reasons: readonly unknown[];
  readonly judgement: { readonly verdict: { readonly kind: string } } | null;
}

/** What cannot be applied, in words. */
export interface NoSavedPlan {
  readonly reason: string;
}

/** The bytes of a file: the plan, closed by a checksum. */
export function encodeSavedPlan(saved: SavedPlan): string {
  return `${JSON.stringify({ stackc_plan: FORMAT, ...saved, sum: sumOf(saved) }, null, 2)}\n`;
}

/** Never throws: what is damaged, edited or of another version says so. */
export function decodeSavedPlan(text: string): SavedPlan | NoSavedPlan {
  const fields = parsed(text);
  if (fields === null) return { reason: 'it is damaged: it ends too early, or is no JSON any more' };
  const { stackc_plan: format, sum, ...saved } = fields;
  if (format !== FORMAT)
    return { reason: `it is of format ${JSON.stringify(format)}, and this version reads ${FORMAT}` };
  if (sum !== sumOf(saved)) return { reason: 'it is damaged, or was edited' };
  // What bears the right sum is as it was written.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the sum is over every field
  return saved as unknown as SavedPlan;
}

function sumOf(saved: object): string {
  return sha256(canonicalJson(saved));
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  const value = shallowJson(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
}
