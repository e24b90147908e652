import type { ContainerSpec } from '../spec/container-spec.ts';
import { JOB_FILE } from '../cron/places.ts';
import type { DesiredFile, DesiredInstance, DesiredJob } from './desired-state.ts';
import { notificationsOf, parseAddress } from './notifications.ts';
import type { Resolution } from './resolution.ts';

/** The job that a `cron` container is; null for every other. What cannot be known yet, as in a rehearsal, is left out. */
export function jobOf(container: ContainerSpec, resolution: Resolution): DesiredJob | null {
  const { application, name, cron, heartbeat, notifications } = container;
  if (cron === null) return null;
  const { onFailure, ...spec } = cron;
  const scope = { application, container: name, index: null };
  return {
    spec: { version: 1, ...spec },
    heartbeat:
      heartbeat === null ? null : resolution.expander.parse(heartbeat, scope, 'STK332', parseAddress),
    onFailure: notificationsOf(container, onFailure ?? notifications, resolution),
  };
}

/** The template of a job's runs, with a file of its own for what may be secret: runs do not get it. */
export function withJobFile(
  template: DesiredInstance,
  { heartbeat, onFailure }: DesiredJob,
): DesiredInstance {
  if (heartbeat === null && onFailure.length === 0) return template;
  const place = { path: JOB_FILE, mode: '0600', user: null };
  const content = `${JSON.stringify({ version: 1, heartbeat, onFailure })}\n`;
  const file: DesiredFile = { ...place, content, reload: null };
  return {
    ...template,
    spec: { ...template.spec, files: byPath([...template.spec.files, place]) },
    files: byPath([...template.files, file]),
  };
}

function byPath<T extends { readonly path: string }>(files: readonly T[]): readonly T[] {
  return [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
}
