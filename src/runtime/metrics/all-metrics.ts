import type { Metric } from './metric.ts';
import { agentMetrics } from './tables/agent.ts';
import { deployMetrics } from './tables/deploys.ts';
import { instanceMetrics } from './tables/instances.ts';
import { jobMetrics } from './tables/jobs.ts';
import { scalingMetrics } from './tables/scaling.ts';

/** All metrics, in the order in which they are told. */
export const METRICS: readonly Metric[] = [
  ...deployMetrics,
  ...instanceMetrics,
  ...scalingMetrics,
  ...jobMetrics,
  ...agentMetrics,
];
