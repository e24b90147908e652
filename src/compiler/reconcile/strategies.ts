/** The vocabulary of the strategies. A step may come to nothing (no socket, no old generation) or to several nodes. */
export type Step =
  | 'keep-old-path'
  | 'clear-path'
  | 'create'
  | 'join'
  | 'hand-over'
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
  | 'drain-old'
  | 'stop-old'
  | 'publish-again'
  | 'clear-old-path';

/**
 * The strategies. Up to `take-name` everything is taken back when a step fails; from there on the new generation
 * is current and only tidying is left.
 *
 * The restart policy comes only after the gate (`keep`) and goes before the stop (`release-old`): a reboot brings up
 * no generation that has not passed its gate, and start-first always one that has. Both renames come after the gate,
 * so that their traces tell which generation is current (`standing.ts`). Whatever must stop stops only when its
 * successor has been created, since most mistakes show there.
 */
export const strategies = {
  create: {
    switch: ['create', 'join', 'hand-over', 'clear-path', 'start', 'gate', 'publish', 'keep', 'take-name'],
    settle: [],
  },
  'start-first': {
    switch: [
      'create',
      'join',
      'hand-over',
      'keep-old-path',
      'clear-path',
      'start',
      'gate',
      'publish',
      'keep',
      'release-old',
      'park-old',
      'take-name',
    ],
    settle: ['unpublish-old', 'quiet-old', 'drain-old', 'stop-old', 'publish-again', 'clear-old-path'],
  },
  'stop-first': {
    switch: [
      'create',
      'join',
      'release-old',
      'take-path',
      'hold',
      'quiet-old',
      'drain-old',
      'stop-old',
      'hand-over',
      'clear-path',
      'start',
      'gate',
      'publish',
      'keep',
      'park-old',
      'take-name',
      'await-balancer',
    ],
    settle: ['unpublish-old', 'clear-old-path'],
  },
  /** A generation that exists and does not run. */
  start: { switch: ['clear-path', 'start', 'gate', 'publish'], settle: [] },
} as const satisfies Readonly<
  Record<string, { readonly switch: readonly Step[]; readonly settle: readonly Step[] }>
>;
