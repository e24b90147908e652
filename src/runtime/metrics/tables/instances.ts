import { HEAL_LIMITS } from '../../../compiler/heal/limits.ts';
import { isTooOften } from '../../../compiler/heal/policy.ts';
import { DEPLOY_RESULTS } from '../../../compiler/metrics/deploy-tally.ts';
import { containersIn, type NamedContainer } from '../containers-in.ts';
import type { Metric, Scene } from '../metric.ts';
import type { SeenInstances } from '../stack-view.ts';

const CONTAINER = ['application', 'container'];

/** What the engine lists of instances, and what was done about those that broke. */
export const instanceMetrics: readonly Metric[] = [
  {
    kind: 'gauge',
    name: 'stackc_instances_wanted',
    help: 'How many instances should run, by the revision that was applied last.',
    labels: CONTAINER,
    samples: ({ wanted }) =>
      (wanted ?? []).map(({ application, container, count }) => [[application, container], count]),
  },
  {
    kind: 'gauge',
    name: 'stackc_instances_serving',
    help: 'How many instances run, have passed their gate, and are not called unhealthy by the engine.',
    labels: CONTAINER,
    samples: (scene) => seenOf(scene, ({ serving }) => serving.size),
  },
  {
    kind: 'gauge',
    name: 'stackc_instances_unhealthy',
    help: 'How many instances run and are called unhealthy by the engine.',
    labels: CONTAINER,
    samples: (scene) => seenOf(scene, ({ unhealthy }) => unhealthy.size),
  },
  {
    kind: 'gauge',
    name: 'stackc_instances_left_alone',
    help: 'How many instances do not serve and are not healed any more, since they broke again too often.',
    labels: CONTAINER,
    samples: leftAlone,
  },
  {
    kind: 'counter',
    name: 'stackc_instance_restarts_total',
    help: 'How often instances were started again in the container that they had, by their restart policy or anybody else.',
    labels: CONTAINER,
    samples: (scene) =>
      containersIn(scene).map(({ application, container, key }) => [
        [application, container],
        scene.tally.restarts.of(key),
      ]),
  },
  {
    kind: 'counter',
    name: 'stackc_healings_total',
    help: 'How often an instance was brought back that broke, and what came of it.',
    labels: [...CONTAINER, 'result'],
    samples: (scene) =>
      containersIn(scene).flatMap(({ application, container, key }) =>
        DEPLOY_RESULTS.map(
          (result) =>
            [[application, container, result], scene.tally.deploys.healings.of(key, result)] as const,
        ),
      ),
  },
];

/** Of each container, whether or not the engine has any of it; none where the engine does not answer. */
function seenOf(scene: Scene, count: (seen: SeenInstances) => number) {
  const { view } = scene;
  if (view === null) return [];
  return containersIn(scene).map(({ application, container, key }) => {
    const seen = view.containers.get(key);
    return [[application, container], seen === undefined ? 0 : count(seen)] as const;
  });
}

function leftAlone(scene: Scene) {
  const { view, wanted, nowMs, tally } = scene;
  if (view === null) return [];
  const isLeft = ({ application, container, key }: NamedContainer, index: number) => {
    const instance = `${container}${index}`;
    if (view.containers.get(key)?.serving.has(instance)) return false;
    return isTooOften(tally.deploys.healedMs(`${application}/${instance}`), nowMs, HEAL_LIMITS);
  };
  return (wanted ?? []).map(({ application, container, count }) => {
    const named = { application, container, key: `${application}/${container}` };
    const all = Array.from({ length: count }, (_, index) => isLeft(named, index));
    return [[application, container], all.filter(Boolean).length] as const;
  });
}
