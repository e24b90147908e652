import { RELEASE_HOLE, SOCKET_HOLE } from '../desired/desired-state.ts';
import type { DesiredContainer, DesiredInstance } from '../desired/desired-state.ts';
import type { MadeContainer } from '../plan/plan.ts';
import { MASKED } from './compare.ts';
import { quote } from './spec-reasons.ts';

/** What a reader of the plan may see of the container that an instance gets. */
export function madeContainer({ image }: DesiredContainer, instance: DesiredInstance): MadeContainer {
  return {
    imageId: image.pull === null ? image.id : null,
    spec: instance.spec,
    env: instance.env.map(({ name, value, masked }) => ({
      name,
      value: masked ? MASKED : shownValue(value),
    })),
  };
}

function shownValue(value: string): string {
  return value === RELEASE_HOLE ? "the image's id" : quote(value.replaceAll(SOCKET_HOLE, '%{socket}'));
}
