import type { Blow } from './faults.ts';

/** A few of all cases, so that each fault and most strategies are met; what restarts the engine comes last, since nobody else may be on it. */
export const spread: readonly (Blow & { readonly strategy: string })[] = [
  { strategy: 'siblings', fault: 'kill', side: 'during', at: 14 },
  { strategy: 'hold', fault: 'kill', side: 'before', at: 11 },
  { strategy: 'hold-fixed', fault: 'cut', side: 'before', at: 12 },
  { strategy: 'told', fault: 'agent', side: 'during', at: 12 },
  { strategy: 'worker', fault: 'kill', side: 'during', at: 9 },
  { strategy: 'reload', fault: 'cut', side: 'during', at: 6 },
  { strategy: 'first', fault: 'kill', side: 'before', at: 9 },
  { strategy: 'swap-one', fault: 'restart', side: 'before', at: 12 },
];
