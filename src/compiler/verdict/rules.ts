import { drainedDoubts } from './rules/drained-doubts.ts';
import { drainedLosses } from './rules/drained-losses.ts';
import { drainedMechanisms } from './rules/drained.ts';
import { foundRules } from './rules/found.ts';
import { hostNetworkDoubts, hostNetworkLosses, hostNetworkMechanisms } from './rules/host-network.ts';
import { inPlaceRules } from './rules/in-place.ts';
import { readinessRules, samePathRules } from './rules/readiness.ts';
import { removalRules, undrainedRemovalRules } from './rules/removal.ts';
import { unproven, type Rule } from './rules/rule.ts';
import { exclusiveRules, hostPortRules, stopFirstRules } from './rules/stopping-first.ts';
import { adoptedLosses, outsideRules, tcpLosses, tcpRules } from './rules/tcp.ts';
import { workerRules } from './rules/worker.ts';

/**
 * All rules in their order; the first that applies decides. What is certain to lose something comes before what may,
 * and both before the mechanisms; the last one catches whatever nobody thought of.
 */
export const rules: readonly Rule[] = [
  ...inPlaceRules,
  ...workerRules,
  ...removalRules,
  ...hostPortRules,
  ...hostNetworkLosses,
  ...exclusiveRules,
  ...stopFirstRules,
  ...samePathRules,
  ...drainedLosses,
  ...adoptedLosses,
  ...tcpLosses,
  ...readinessRules,
  ...foundRules,
  ...outsideRules,
  ...drainedDoubts,
  ...drainedMechanisms,
  ...hostNetworkDoubts,
  ...hostNetworkMechanisms,
  ...tcpRules,
  ...undrainedRemovalRules,
  {
    id: 'otherwise',
    applies: () => true,
    verdict: ({ container }) =>
      unproven(`whoever connects to \`${container}\` must try again when it is away`),
  },
];
