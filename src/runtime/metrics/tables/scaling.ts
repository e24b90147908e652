import { partsOf } from '../../../compiler/cron/job.ts';
import { isOldReport, type ReportedScale, type ReportedSource } from '../../../compiler/scale/report.ts';
import type { Metric, Sample, Scene } from '../metric.ts';

const CONTAINER = ['application', 'container'];
const SOURCE = [...CONTAINER, 'source'];

/** What the scaler saw when it looked last. Of a look that is long over nothing is told but that nobody measures. */
export const scalingMetrics: readonly Metric[] = [
  {
    kind: 'gauge',
    name: 'stackc_scale_min_instances',
    help: 'How many instances the scaler keeps at least, at this hour.',
    labels: CONTAINER,
    samples: (scene) => ofEach(scene, ({ min }) => min),
  },
  {
    kind: 'gauge',
    name: 'stackc_scale_max_instances',
    help: 'How many instances the scaler makes at most, at this hour.',
    labels: CONTAINER,
    samples: (scene) => ofEach(scene, ({ max }) => max),
  },
  {
    kind: 'gauge',
    name: 'stackc_scale_at_limit',
    help: 'Whether more instances are wanted than may be.',
    labels: CONTAINER,
    samples: (scene) => ofEach(scene, ({ rest }) => Number(rest === 'limit')),
  },
  {
    kind: 'gauge',
    name: 'stackc_scale_failures_in_a_row',
    help: 'How often in a row the number of instances could not be changed; 0 once it could, and for a new revision.',
    labels: CONTAINER,
    samples: (scene) => ofEach(scene, ({ failures }) => failures),
  },
  {
    kind: 'gauge',
    name: 'stackc_scale_source_value',
    help: 'What the number of instances follows, for one instance, as its target is written: cpu and memory in percent. None of what is not measured.',
    labels: SOURCE,
    samples: (scene) => ofSources(scene, ({ value }) => value),
  },
  {
    kind: 'gauge',
    name: 'stackc_scale_source_target',
    help: 'What one instance should have of it.',
    labels: SOURCE,
    samples: (scene) => ofSources(scene, ({ target }) => target),
  },
  {
    kind: 'gauge',
    name: 'stackc_scale_source_measured',
    help: 'Whether it is measured; 0 as well when nobody has looked for a minute.',
    labels: SOURCE,
    samples: ({ scale, nowMs }) =>
      sourcesOf(scale?.containers ?? [], ({ value }) =>
        Number(value !== null && scale !== null && !isOldReport(scale, nowMs)),
      ),
  },
];

function ofEach(scene: Scene, figure: (one: ReportedScale) => number): readonly Sample[] {
  return recent(scene).map((one) => [partsOf(one.key), figure(one)]);
}

function ofSources(scene: Scene, figure: (source: ReportedSource) => number | null): readonly Sample[] {
  return sourcesOf(recent(scene), figure);
}

/** Of each source of some containers, unless it is null. */
function sourcesOf(
  containers: readonly ReportedScale[],
  figure: (source: ReportedSource) => number | null,
): readonly Sample[] {
  return containers.flatMap(({ key, sources }) =>
    sources.flatMap((source): readonly Sample[] => {
      const value = figure(source);
      return value === null ? [] : [[[...partsOf(key), source.name], value]];
    }),
  );
}

function recent({ scale, nowMs }: Scene): readonly ReportedScale[] {
  return scale === null || isOldReport(scale, nowMs) ? [] : scale.containers;
}
