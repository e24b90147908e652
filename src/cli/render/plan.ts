import {
  isPending,
  type Action,
  type Change,
  type Plan,
  type PlanNode,
  type Reason,
  type Subject,
} from '../../compiler/plan/plan.ts';
import { causeOf, type Cause } from '../../compiler/plan/cause.ts';
import type { Verdict } from '../../compiler/verdict/verdict.ts';
import { durationWords } from '../../compiler/verdict/duration-words.ts';
import { capacityWords, verdictSummary, verdictWords, worstKind } from '../../compiler/verdict/words.ts';
import { actionWords, countActions } from './actions.ts';
import { hookText, operationText } from './operation.ts';
import { paint, type Paint, type Style } from './paint.ts';
import { changeNames, idleIds, subjectNames, type SubjectName } from './subject.ts';
import { madeImage, madeLines, madeOutline } from './made.ts';
import { setWords } from './scale.ts';
import { reasonLines } from './reason.ts';
import { flow, fold, listed, plural, printable } from './text.ts';

/** How a plan is shown. */
export interface PlanStyle {
  readonly color: boolean;
  /** Unchanged things too, values at their full length, and one line a node. */
  readonly verbose: boolean;
  /** Columns that a line may take where no single word is longer. */
  readonly width: number;
}

const INDENT = '    ';

/** Actions whose own names would say too much, or too little. */
const ACTION_NAMES: Readonly<Partial<Record<Action, string>>> = { none: 'same', schedule: 'cron' };

/** Longer names stand alone instead of pushing every other line to the right. */
const WIDEST_NAME = 32;

/** Places that are named where nothing is touched. */
const MOST_NOTED = 8;

/**
 * Shows a plan to people: one block a change in the order of the work, each with its reasons, and a last line of
 * counts. Plain text without colours.
 */
export function renderPlan(plan: Plan, style: PlanStyle): string {
  const brush = paint(style.color);
  const name = subjectNames(plan);
  const nameOf = changeNames(plan);
  const isIdle = idleIds(plan);
  const shown = plan.changes.filter((change) => style.verbose || !isQuiet(change));
  const labels = { name, padding: nameWidth(shown, name) };
  const firsts = new Map<string, { readonly subject: Subject; readonly lines: string }>();
  const blocks = shown.map((change) => {
    const waits = change.waitsFor.filter((id) => !isIdle(id)).map(nameOf);
    const waitLines = waitsLines(waits, style).map((line) => brush('dim', line));
    const lines = detailLines(change, style, brush);
    // Ten instances with the same reasons are not ten times as long to read. New ones wait for the same as well.
    const whole = change.action === 'create' ? [...lines, ...waitLines] : lines;
    const likeness = whole.length < (change.action === 'create' ? 2 : 3) ? null : likenessOf(change, whole);
    const twin = likeness === null || style.verbose ? undefined : firsts.get(likeness);
    if (likeness !== null && twin === undefined)
      firsts.set(likeness, { subject: change.subject, lines: lines.join('\n') });
    const head = header(change, labels, style, brush);
    if (twin === undefined) return [...head, ...lines, ...waitLines].join('\n');
    const [own, other] = [name(change.subject), name(twin.subject)];
    const names = twin.lines === lines.join('\n') ? '' : `, with ${own} for ${other}`;
    const same = `${INDENT}the same as ${other}${names}`;
    return [...head, same, ...(change.action === 'create' ? [] : waitLines)].join('\n');
  });
  const nodes = style.verbose && plan.nodes.length > 0 ? [nodeLines(plan, style, brush)] : [];
  const summary = [
    summaryLine(plan),
    ...driftLine(plan, name),
    ...rollLines(plan, nameOf),
    ...hookLines(plan),
    ...countLines(plan),
    ...notedLines(plan),
    ...requestsLine(plan, brush),
  ]
    .map((line) => fold(line, style.width, '', '  ').join('\n'))
    .join('\n');
  return `${[...paragraphs(blocks), ...nodes, summary].join('\n\n')}\n`;
}

/** What stays as it is. What is held stays so too, and waits for somebody. */
function isQuiet(change: Change): boolean {
  return change.action === 'none' || (change.action === 'schedule' && !isPending(change));
}

function waitsLines(waits: readonly string[], { width }: PlanStyle): readonly string[] {
  if (waits.length === 0) return [];
  const first = `${INDENT}waits for  `;
  return flow(waits, { separator: ', ', first, rest: ' '.repeat(first.length), width });
}

/** Equal for instances of one container that are changed in the same way; null for everything else. */
function likenessOf({ action, subject }: Change, lines: readonly string[]): string | null {
  if (subject.kind !== 'instance') return null;
  const { application, container, instance } = subject;
  // Its own name is what differs: its socket is called by it.
  return [action, application, container, lines.join('\n').replaceAll(instance, '\0')].join('\n');
}

/** Only lines with something after the name are aligned. */
function nameWidth(changes: readonly Change[], name: SubjectName): number {
  const lengths = changes
    .filter((change) => headerSegments(change, name).length > 0)
    .map((change) => name(change.subject).length)
    .filter((length) => length <= WIDEST_NAME);
  return Math.max(0, ...lengths);
}

/** `Plan: 2 to create, 1 held.`, or `Nothing to do: 5 unchanged.` */
export function summaryLine(plan: Pick<Plan, 'changes' | 'noted'>): string {
  const counts = countActions(plan.changes)
    .map(([action, count]) => `${count} ${actionWords[action].planned}`)
    .join(', ');
  if (counts === '') return 'Nothing to do: the stack is empty.';
  if (plan.changes.some(isPending)) return `Plan: ${counts}.`;
  return plan.noted === undefined ? `Nothing to do: ${counts}.` : `Nothing to touch: ${counts}.`;
}

/** What is healed and scaled by from then on: `To write down: deploy.shop.containers.app.scale.max.` */
function notedLines({ noted = [] }: Plan): readonly string[] {
  if (noted.length === 0) return [];
  const more = noted.length > MOST_NOTED ? [`${noted.length - MOST_NOTED} more`] : [];
  const all = [...noted.slice(0, MOST_NOTED).map(printable), ...more];
  return [`To write down: ${listed(all, 'and')}.`];
}

/** Where the engine is no longer as the last apply left it: `Drift: app1 has changed on the engine.` */
function driftLine({ changes }: Plan, name: SubjectName): readonly string[] {
  const of = (cause: Cause) =>
    changes.filter((change) => causeOf(change) === cause).map(({ subject }) => name(subject));
  const [engine, both] = [of('engine'), of('both')];
  const has = (names: readonly string[]) => `${listed(names, 'and')} ${names.length === 1 ? 'has' : 'have'}`;
  const parts = [
    ...(engine.length === 0 ? [] : [`${has(engine)} changed on the engine`]),
    ...(both.length === 0 ? [] : [`${has(both)} changed on the engine and in the file`]),
  ];
  return parts.length === 0 ? [] : [`Drift: ${parts.join('; ')}.`];
}

/** What the file says of failures, where it says more than nothing: `Canary: app0; the others follow after 60 s.` */
function rollLines({ rolls }: Plan, nameOf: (id: string) => string): readonly string[] {
  const canaries = rolls.flatMap(({ canary }) => {
    if (canary === null) return [];
    const { changes, bakeMs } = canary;
    const after =
      bakeMs === 0 ? `after ${changes.length === 1 ? 'it' : 'them'}` : `${durationWords(bakeMs)} later`;
    return [`Canary: ${changes.map(nameOf).join(', ')}; the others follow ${after}.`];
  });
  const words = { pause: 'pauses', continue: 'goes on with the others' } as const;
  const failures = rolls.flatMap(({ container, onFailure }) =>
    onFailure === 'rollback' ? [] : [`${nameOf(container)} ${words[onFailure]}`],
  );
  return [...canaries, ...(failures.length === 0 ? [] : [`On failure: ${failures.join(', ')}.`])];
}

/** `Hook: before_apply runs bin/check`. */
function hookLines({ hooks }: Plan): readonly string[] {
  return hooks.map((planned) => {
    const { hook } = planned;
    const isSpare = hook === 'on_failure' ? ', should it fail' : '';
    return `Hook: ${hook} runs ${printable(hookText(planned))}${isSpare}`;
  });
}

/** How many instances scaled containers have by this plan, and who said so. */
function countLines({ counts = [] }: Plan): readonly string[] {
  const isOne = new Set(counts.map(({ application }) => application)).size < 2;
  return counts.map((one) => {
    const name = isOne ? one.name : `${one.application}/${one.name}`;
    return `${printable(name)}: ${plural(one.count, 'instance')}, ${setWords(one.set)} (${one.min} to ${one.max})`;
  });
}

/** Blocks of one line stand together; longer ones keep a line of air. */
function paragraphs(blocks: readonly string[]): readonly string[] {
  const result: string[] = [];
  let together = false;
  for (const block of blocks) {
    const short = !block.includes('\n');
    if (together && short) result.push(`${result.pop() ?? ''}\n${block}`);
    else result.push(block);
    together = short;
  }
  return result;
}

function header(
  change: Change,
  { name, padding }: { readonly name: SubjectName; readonly padding: number },
  { width }: PlanStyle,
  brush: Paint,
): readonly string[] {
  const words = actionWords[change.action];
  const action = ACTION_NAMES[change.action] ?? change.action;
  const subject = name(change.subject);
  const segments = headerSegments(change, name);
  const start = `${words.symbol} ${action.padEnd(8)} `;
  const padded = segments.length === 0 ? subject : subject.padEnd(padding);
  const lines = flow([padded, ...segments], { separator: '   ', first: start, rest: INDENT, width });
  return lines.map((line, index) =>
    index === 0
      ? `${brush(words.style, line.slice(0, start.length))}${brush('bold', subject)}${line.slice(start.length + subject.length)}`.trimEnd()
      : line.trimEnd(),
  );
}

function headerSegments(change: Change, name: SubjectName): readonly string[] {
  const segments: string[] = [];
  if (change.from !== null && change.to !== null && change.from !== change.to) {
    segments.push(`generation ${change.from} → ${change.to}`);
  } else if (change.from === null && change.to !== null && change.to > 1) {
    segments.push(`generation ${change.to}`);
  }
  if (change.action === 'create' && change.makes !== null) segments.push(madeImage(change.makes));
  if (change.strategy !== null) segments.push(`${change.strategy.order} (${printable(change.strategy.why)})`);
  if (change.gate !== null && change.action !== 'create') segments.push(readyText(change.gate));
  if (change.action === 'hold') segments.push(heldText(change, name));
  if (change.action === 'remove') segments.push(...change.reasons.flatMap(removalReason));
  return segments;
}

/** What is new is told by what it will be; all of it only when asked for. */
function madeDetail({ action, makes, gate }: Change, { verbose, width }: PlanStyle): readonly string[] {
  if (action !== 'create') return [];
  const ready = gate === null ? [] : [readyText(gate)];
  const outline = makes === null || verbose ? [] : madeOutline(makes);
  const parts = [...outline, ...ready];
  return [
    ...(parts.length === 0 ? [] : flow(parts, { separator: '   ', first: INDENT, rest: INDENT, width })),
    ...(makes === null || !verbose ? [] : madeLines(makes).map((line) => INDENT + line)),
  ];
}

function readyText(gate: string): string {
  return `ready: ${printable(gate)}`;
}

function heldText({ reasons, subject }: Change, name: SubjectName): string {
  const container = subject.kind === 'instance' ? name({ ...subject, instance: subject.container }) : '';
  const them = reasons.length === 1 ? 'it' : 'them';
  return `held: ${plural(reasons.length, 'change')}; \`--include ${container}\` applies ${them}`;
}

function detailLines(change: Change, style: PlanStyle, brush: Paint): readonly string[] {
  const room = { full: style.verbose, width: style.width - INDENT.length };
  return [
    ...madeDetail(change, style),
    ...change.reasons
      .filter((reason) => !isObvious(change, reason))
      .flatMap((reason) => reasonLines(reason, room))
      .map((line) => INDENT + line),
    ...judgementLines(change, style, brush),
    ...change.notes
      .flatMap((note) => fold(printable(note), style.width, INDENT, `${INDENT}  `))
      .map((line) => brush('dim', line)),
  ];
}

const VERDICT_STYLES: Readonly<Record<Verdict['kind'], Style>> = {
  'zero-downtime': 'green',
  gap: 'red',
  unproven: 'yellow',
};

/** What the change does to requests, how many serve meanwhile, and whom it touches besides. */
function judgementLines({ judgement }: Change, { width }: PlanStyle, brush: Paint): readonly string[] {
  if (judgement === null) return [];
  const { verdict, capacity, touches } = judgement;
  const lines = (text: string) => fold(printable(text), width, INDENT, `${INDENT}  `);
  return [
    ...lines(verdictWords(verdict)).map((line) => brush(VERDICT_STYLES[verdict.kind], line)),
    ...(capacity === null ? [] : lines(capacityWords(capacity))),
    ...touches.flatMap((touched) => lines(`touches  ${touched}`)),
  ];
}

/** `Requests: zero downtime.`; nothing where no change touches any. */
function requestsLine({ changes }: Plan, brush: Paint): readonly string[] {
  const verdicts = changes.flatMap(({ judgement }) => judgement?.verdict ?? []);
  const summary = verdictSummary(verdicts);
  const worst = worstKind(verdicts);
  return summary === null || worst === null ? [] : [brush(VERDICT_STYLES[worst], summary)];
}

const MAKING: ReadonlySet<Action> = new Set(['create', 'build', 'schedule']);

/** That something is created because it is missing needs no words, and what is removed says why beside its name. */
function isObvious({ action }: Change, { kind, to }: Reason): boolean {
  if (action === 'remove') return true;
  return kind === 'missing' && (action === 'pull' || (to === null && MAKING.has(action)));
}

/** That all of it goes because somebody asked for that is said by the command. */
function removalReason(reason: Reason): readonly string[] {
  return reason.kind === 'requested' ? [] : reasonLines(reason, { full: true, width: 0 });
}

function nodeLines(plan: Plan, style: PlanStyle, brush: Paint): string {
  const back = plan.rolls.map(
    (roll) =>
      [
        `When ${roll.container} fails, of what was replaced:`,
        roll.back.flatMap(({ nodes }) => nodes),
      ] as const,
  );
  return [['Operations:', plan.nodes] as const, ...back]
    .filter(([, nodes]) => nodes.length > 0)
    .map(([title, nodes]) => `${title}\n${nodesLines(nodes, style, brush).join('\n')}`)
    .join('\n\n');
}

function nodesLines(nodes: readonly PlanNode[], { width }: PlanStyle, brush: Paint): readonly string[] {
  const padding = Math.max(...nodes.map((node) => node.id.length).filter((length) => length <= 60), 0);
  return nodes.flatMap((node) => {
    const waits = [...node.after, ...(node.follows ?? [])];
    const parts = [
      node.id.padEnd(padding),
      operationText(node.op) + (node.reason === '' ? '' : ` (${printable(node.reason)})`),
      ...(waits.length === 0 ? [] : [`after ${waits.join(', ')}`]),
    ];
    const [head = '', ...rest] = flow(parts, { separator: '   ', first: '  ', rest: INDENT, width });
    const mark = node.destructive ? brush('red', '!') : ' ';
    return [mark + head.slice(1), ...rest].map((line) => line.trimEnd());
  });
}
