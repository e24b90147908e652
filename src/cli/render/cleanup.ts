import { byteSize } from '../../compiler/byte-words.ts';
import type { CleanupItem, CleanupPlan } from '../../compiler/cleanup/cleanup-plan.ts';
import type { ContainerItem } from '../../compiler/cleanup/dead-containers.ts';
import type { ImageStays } from '../../compiler/cleanup/unused-images.ts';
import { shortId } from '../../compiler/short-id.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import { OUTPUT_FORMAT_VERSION } from './diagnostics-json.ts';
import { snakeCase } from './snake-case.ts';
import { renderTable } from './table.ts';
import { listed, plural } from './text.ts';

/** What each container wrote, by its id. */
export type Written = ReadonlyMap<string, number>;

type Stays = CleanupPlan['staying'][number];

const CONTAINER_WORDS: Readonly<Record<ContainerItem['why'], string>> = {
  'failed generation': 'failed, and was kept to look at',
  'half-made generation': 'was never finished',
  'old generation': 'was replaced',
  'unstarted migration': 'was never started',
  'migration of a gone image': 'the record of a migration whose image nobody comes back to',
  'abandoned run': 'left over from `stack run`',
  'run of a dropped job': 'of a job that is no longer there',
  'abandoned errand': 'left over from an apply',
  'apply that is over': 'an apply went on in it, and is over',
  'image of no revision': 'keeps an image that no kept revision has',
};

/** What would go, why and how large it is, and what stays for another's sake. */
export function renderCleanup(plan: CleanupPlan, written: Written, color: boolean): string {
  const { stack, items, staying } = plan;
  const removed = items.map((item) => {
    const bytes = bytesOf(item, written);
    return [
      { text: itemName(item) },
      { text: whyGone(item) },
      { text: bytes === null ? '' : byteSize(bytes) },
    ];
  });
  const kept = staying.map((item) => [{ text: itemName(item) }, { text: whyStaying(item) }]);
  const parts = [
    ...(items.length === 0 ? [] : [renderTable(['REMOVE', 'WHY', 'SIZE'], removed, color)]),
    ...(staying.length === 0 ? [] : [renderTable(['STAYS', 'WHY'], kept, color)]),
    items.length === 0
      ? `Nothing to remove: stack \`${stack}\` has left nothing behind${staying.length === 0 ? '' : ' that may go'}.\n`
      : `Cleanup: ${counts(items)} to remove, ${freed(items, written)}.\n`,
  ];
  return parts.join('\n');
}

/** The same for programs. */
export function cleanupJson(plan: CleanupPlan, written: Written, untraced: readonly number[]): object {
  return {
    format_version: OUTPUT_FORMAT_VERSION,
    type: 'cleanup',
    stack: plan.stack,
    remove: plan.items.map((item) => itemJson(item, written)),
    stays: plan.staying.map(snakeCase),
    most_bytes: mostBytes(plan.items, written),
    revisions_without_images: untraced,
  };
}

function itemJson(item: CleanupItem, written: Written): object {
  switch (item.kind) {
    case 'container':
      return { kind: item.kind, id: item.id, name: item.name, why: item.why, bytes: bytesOf(item, written) };
    case 'network':
      return item;
    case 'image':
      return item;
    default:
      return unreachable(item);
  }
}

/** Which images cannot be known. */
export function untracedWords(revisions: readonly number[]): string {
  const [first, last] = [revisions[0] ?? 0, revisions.at(-1) ?? 0];
  const which = first === last ? `revision ${first}` : `revisions ${first} to ${last}`;
  return `which images ${which} found, the journal does not say: an earlier version of stack wrote it. What only they used stays`;
}

/** `container shop-app0.2.failed`, `image shop:41 (1f2e3d4c5b6a)`. */
export function itemName(item: CleanupItem | Stays): string {
  if (item.kind !== 'image') return `${item.kind} ${item.name}`;
  const id = shortId(item.id);
  return item.names.length === 0 ? `image ${id}` : `image ${item.names.join(', ')} (${id})`;
}

/** `up to 504 MB`: layers that several images share count with each of them. */
function freed(items: readonly CleanupItem[], written: Written): string {
  return `up to ${byteSize(mostBytes(items, written))}`;
}

function mostBytes(items: readonly CleanupItem[], written: Written): number {
  return items.reduce((sum, item) => sum + (bytesOf(item, written) ?? 0), 0);
}

function bytesOf(item: CleanupItem, written: Written): number | null {
  if (item.kind === 'network') return null;
  return item.kind === 'image' ? item.bytes : (written.get(item.id) ?? null);
}

/** `1 container, 2 images`. */
export function counts(items: readonly CleanupItem[]): string {
  const kinds = ['container', 'network', 'image'] as const;
  const each = kinds.map((kind) => [kind, items.filter((item) => item.kind === kind).length] as const);
  return each.flatMap(([kind, count]) => (count === 0 ? [] : [plural(count, kind)])).join(', ');
}

function whyGone(item: CleanupItem): string {
  switch (item.kind) {
    case 'container':
      return CONTAINER_WORDS[item.why];
    case 'network':
      return 'no container is on it';
    case 'image':
      return 'the stack used it, and neither runs nor keeps it';
    default:
      return unreachable(item);
  }
}

function whyStaying(item: Stays): string {
  switch (item.kind) {
    case 'container':
      return `nothing else of ${item.instance} runs: \`stack status\``;
    case 'network':
      return `${item.agent} is on it until an apply replaces that`;
    case 'image':
      return whyImageStays(item.why);
    default:
      return unreachable(item);
  }
}

function whyImageStays(why: ImageStays): string {
  switch (why.kind) {
    case 'used':
      return `container ${why.by} is made from it`;
    case 'named':
      return `somebody called it ${why.name}, which this stack never did`;
    case 'unreadable':
      return `${why.revisions.length === 1 ? 'revision' : 'revisions'} ${listed(why.revisions.map(String), 'and')} cannot be read, and may have it`;
    default:
      return unreachable(why);
  }
}
