/** The vocabulary of the strategies. A step may come to nothing (no socket, no old generation) or to several nodes. */
export type Step =
  | 'keep-old-path'
  | 'clear-path'
  | 'create'
  | 'join'
  | 'stay-out'
  | 'be-found'
  | 'await-proxies'
  | 'refuse-old'
  | 'hand-over'
  | 'note-listeners'
  | 'start'
  | 'gate'
  | 'publish'
  | 'keep'
  | 'release-old'
  | 'park-old'
  | 'take-name'
  | 'unpublish-old'
  | 'quiet-old'
  | 'take-path'
  | 'hold'
  | 'await-balancer'
  | 'leave-balancers'
  | 'drain-ports'
  | 'rest-in-balancers'
  | 'tell-balancers'
  | 'drain-old'
  | 'still-up'
  | 'forerunners'
  | 'stop-old'
  | 'publish-again'
  | 'clear-old-path'
  | 'hand-back';

/** The steps of a strategy, in its four parts. */
export type Strategy = Readonly<Record<'begin' | 'serve' | 'switch' | 'settle', readonly Step[]>>;

/**
 * The strategies. When `begin` is over, the new generation runs, and nobody knows it; when `serve` is over, it gets what comes over a socket; when `switch` is, it is current
 * and has the name that everything else follows, and only `settle` is left. Until then all is taken back when a step fails, and once more when the new generation has ended
 * before the old one was stopped (`still-up`).
 *
 * The restart policy comes only after the gate (`keep`) and goes before the stop (`release-old`): a reboot brings up
 * no generation that has not passed its gate, and start-first always one that has. Both renames come after the gate,
 * so that their traces tell which generation is current (`standing.ts`). Whatever must stop stops only when its
 * successor has been created, since most mistakes show there. Balancers are told after the name has moved: one that looks
 * it up by itself, or starts in between, is led to the same generation.
 *
 * A proxy that finds containers by itself finds a generation by the networks that it joins after its gate (`be-found`). It goes
 * on finding the old one until that has stopped, so that one refuses connections before it is drained (`refuse-old`, ADR 0021).
 */
export const strategies = {
  create: {
    begin: ['create', 'join', 'hand-over', 'clear-path', 'start'],
    serve: ['gate', 'publish', 'be-found'],
    // One that has its name and was not told could not be told from one that was.
    switch: ['keep', 'tell-balancers', 'take-name'],
    settle: [],
  },
  'start-first': {
    begin: [
      'create',
      'join',
      'hand-over',
      'keep-old-path',
      'clear-path',
      'stay-out',
      'note-listeners',
      'start',
    ],
    serve: ['gate', 'forerunners', 'publish', 'be-found', 'await-proxies'],
    switch: ['keep', 'release-old', 'park-old', 'take-name', 'tell-balancers'],
    settle: [
      'unpublish-old',
      'refuse-old',
      'drain-old',
      'drain-ports',
      'still-up',
      'quiet-old',
      'stop-old',
      'publish-again',
      'clear-old-path',
    ],
  },
  'stop-first': {
    begin: [
      'create',
      'join',
      'forerunners',
      'release-old',
      'take-path',
      'hold',
      'leave-balancers',
      'refuse-old',
      'quiet-old',
      'drain-old',
      'drain-ports',
      'rest-in-balancers',
      'stop-old',
      'hand-over',
      'clear-path',
      'stay-out',
      'start',
    ],
    serve: ['gate', 'publish', 'be-found'],
    switch: ['keep', 'park-old', 'take-name', 'tell-balancers', 'await-balancer', 'await-proxies'],
    settle: ['unpublish-old', 'clear-old-path'],
  },
  /** A generation that exists and does not run. */
  start: {
    begin: ['clear-path', 'stay-out', 'start'],
    serve: ['gate', 'publish', 'be-found', 'tell-balancers'],
    switch: [],
    settle: [],
  },
} as const satisfies Readonly<Record<string, Strategy>>;

const ONLY_FORWARD: ReadonlySet<Step> = new Set(['create', 'join', 'hand-over', 'forerunners', 'still-up']);

/**
 * The same way in the other direction: the old generation comes, which exists, and the new one goes. Until the old one is `ready` all
 * is taken back when a step fails; then nothing is any more, since the new one may have ended.
 */
export function backwards({ begin, serve, switch: last, settle }: Strategy): {
  readonly ready: readonly Step[];
  readonly serving: readonly Step[];
} {
  const kept = (steps: readonly Step[]) => steps.filter((step) => !ONLY_FORWARD.has(step));
  const asked = serve.indexOf('gate') + 1;
  return {
    ready: kept([...begin, ...serve.slice(0, asked)]),
    serving: kept([...serve.slice(asked), ...last, ...settle, 'hand-back']),
  };
}

/** What a strategy leaves to do for a generation that is published already; it may have got worse since, and is asked again. */
export function restOf({ switch: last, settle }: Strategy): Strategy {
  return { begin: [], serve: ['publish', 'gate', 'be-found'], switch: last, settle };
}
