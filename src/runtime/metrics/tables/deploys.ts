import { DEPLOY_KINDS, DEPLOY_RESULTS } from '../../../compiler/metrics/deploy-tally.ts';
import { containersIn } from '../containers-in.ts';
import type { Metric } from '../metric.ts';

/** Nobody is left to tell of a `destroy`. */
const SHOWN = DEPLOY_KINDS.filter((kind) => kind !== 'destroy');

/** What the journal tells of changes to the stack. */
export const deployMetrics: readonly Metric[] = [
  {
    kind: 'counter',
    name: 'stackc_deploys_total',
    help: 'Changes to the stack that are over, by what was asked for and how it ended. cut_off: the next one began without its end.',
    labels: ['kind', 'result'],
    samples: ({ tally: { deploys } }) =>
      SHOWN.flatMap((kind) =>
        DEPLOY_RESULTS.map((result) => [[kind, result], deploys.deploys.of(kind, result)] as const),
      ),
  },
  {
    kind: 'histogram',
    name: 'stackc_deploy_duration_seconds',
    help: 'How long changes to the stack took that came to an end.',
    labels: ['kind'],
    spreads: ({ tally: { deploys } }) =>
      SHOWN.filter((kind) => kind === 'apply' || deploys.durations[kind].count > 0).map(
        (kind) => [[kind], deploys.durations[kind]] as const,
      ),
  },
  {
    kind: 'counter',
    name: 'stackc_failed_gates_total',
    help: 'Instances that did not become ready in a change to the stack, or did not stay up.',
    labels: ['application', 'container'],
    samples: (scene) =>
      containersIn(scene).map(({ application, container, key }) => [
        [application, container],
        scene.tally.deploys.failedGates.of(key),
      ]),
  },
  {
    kind: 'gauge',
    name: 'stackc_deploy_unfinished',
    help: '1 while a change to the stack goes on, or was cut off and nothing came after it.',
    labels: [],
    samples: ({ tally: { deploys } }) => [[[], Number(deploys.isUnfinished)]],
  },
  {
    kind: 'gauge',
    name: 'stackc_last_deploy_timestamp_seconds',
    help: 'When the last change to the stack ended that was no healing or scaling.',
    labels: [],
    samples: ({ tally: { deploys } }) => (deploys.last === null ? [] : [[[], deploys.last.atMs / 1000]]),
  },
  {
    kind: 'gauge',
    name: 'stackc_last_deploy_success',
    help: '1 if all of the last change to the stack was done that was no healing or scaling.',
    labels: [],
    samples: ({ tally: { deploys } }) =>
      deploys.last === null ? [] : [[[], Number(deploys.last.result === 'done')]],
  },
  {
    kind: 'gauge',
    name: 'stackc_last_deploy_revision',
    help: 'The number of the last change to the stack that was no healing or scaling, as stack history has it.',
    labels: [],
    samples: ({ tally: { deploys } }) => (deploys.last === null ? [] : [[[], deploys.last.revision]]),
  },
];
