import { SOURCES, type Metric } from '../metric.ts';

/** How those are that tell all of this. */
export const agentMetrics: readonly Metric[] = [
  {
    kind: 'gauge',
    name: 'stackc_agent_info',
    help: '1; the version of the agent that tells all of this.',
    labels: ['version'],
    samples: ({ version }) => [[[version], 1]],
  },
  {
    kind: 'gauge',
    name: 'stackc_agent_up',
    help: 'Whether an agent of the stack runs: stack keeps the journal and publishes, host asks in the network of the host, engine starts jobs, heals and tells this.',
    labels: ['plane'],
    samples: ({ view }) => (view?.agents ?? []).map(({ plane, isUp }) => [[plane], Number(isUp)]),
  },
  {
    kind: 'gauge',
    name: 'stackc_engine_up',
    help: 'Whether the engine has answered.',
    labels: [],
    samples: ({ view }) => [[[], Number(view !== null)]],
  },
  {
    kind: 'counter',
    name: 'stackc_scrape_errors_total',
    help: 'How often something could not be looked at that metrics are made of. Of the engine the metrics are left out then, of the journal they stay as they were.',
    labels: ['source'],
    samples: ({ errors }) => SOURCES.map((source) => [[source], errors.counts[source]]),
  },
  {
    kind: 'gauge',
    name: 'stackc_last_scrape_error_timestamp_seconds',
    help: 'When something could not be looked at for the last time.',
    labels: [],
    samples: ({ errors: { lastMs } }) => (lastMs === null ? [] : [[[], lastMs / 1000]]),
  },
  {
    kind: 'counter',
    name: 'process_cpu_seconds_total',
    help: 'Processor time that the agent has taken.',
    labels: [],
    samples: ({ process }) => [[[], process.cpuS]],
  },
  {
    kind: 'gauge',
    name: 'process_resident_memory_bytes',
    help: 'Memory of the agent.',
    labels: [],
    samples: ({ process }) => [[[], process.residentBytes]],
  },
  {
    kind: 'gauge',
    name: 'process_start_time_seconds',
    help: 'When the agent was started.',
    labels: [],
    samples: ({ process }) => [[[], process.startS]],
  },
];
