import { parseImageReference } from '../spec/values/image-reference.ts';
import { parseHostname, parseWorkingDir } from '../spec/values/runtime-options.ts';
import { parseSignal } from '../spec/values/signal.ts';
import { describeEnvironment } from './describe-environment.ts';
import { describeHealth } from './describe-health.ts';
import { describeLimits } from './describe-limits.ts';
import { describeLog, describePorts } from './describe-ports.ts';
import { describeWords } from './describe-words.ts';
import type { Description } from './description.ts';
import type { ImageDefaults, RunningContainer, RunningFacts } from './running.ts';
import { hint, loss, type Remark, type Value } from './value.ts';

/** Seconds between stop signal and kill where the file says nothing. */
const STOP_TIMEOUT_S = 30;

/** Of an image that is no longer on the engine. */
const UNKNOWN: ImageDefaults = {
  id: '',
  tags: [],
  digests: [],
  env: [],
  entrypoint: [],
  command: [],
  user: '',
  workingDir: '',
  stopSignal: null,
  labels: {},
  health: null,
  exposedPorts: [],
};

/** What a container has that neither its image nor an engine gives by itself. `instance` is the name that it would have in the file. */
export function describe(container: RunningContainer, facts: RunningFacts, instance: string): Description {
  const known = own(facts.images, container.imageId);
  const image = known ?? UNKNOWN;
  const fields = new Map<string, Value>();
  const remarks: Remark[] = [];
  const put = (key: string, value: Value | null) => {
    if (value !== null) fields.set(key, value);
  };
  const take = (part: Description) => {
    for (const [key, value] of part.fields) put(key, value);
    remarks.push(...part.remarks);
  };
  take(describeImage(container, facts));
  if (known === null)
    remarks.push(
      hint('image', 'the image is no longer on the engine, so what it says itself stands here too'),
    );
  take(describeWords(container, image));
  take(describeEnvironment(container, image));
  take(describePorts(container));
  take(describePlain(container, image, `${instance}.${facts.host}`));
  take(describeHealth(container, image));
  take(describeLimits(container));
  take(describeLog(container, facts.logDriver));
  for (const option of container.foreignOptions)
    remarks.push(loss(null, `\`${option}\` cannot be said in a stack file`));
  return { fields, remarks };
}

function describeImage({ image, imageId }: RunningContainer, { images }: RunningFacts): Description {
  const named = own(images, image);
  const isId = /^(?:sha256:)?[0-9a-f]{12,64}$/.test(image);
  if (!isId && parseImageReference(image).ok) {
    const moved =
      named === null || named.id === imageId
        ? []
        : [
            hint(
              'image',
              `\`${image}\` means another image by now than the one that runs (${imageId.slice(7, 19)}): an apply brings the new one`,
            ),
          ];
    return { fields: new Map([['image', image]]), remarks: moved };
  }
  const [name = imageId] = [...(own(images, imageId)?.tags ?? []), ...(own(images, imageId)?.digests ?? [])];
  const remarks =
    name === imageId
      ? [hint('image', 'the image has no name: `docker tag` gives it one, and a removed image is gone')]
      : [hint('image', 'it was made from an image id, which has this name')];
  return { fields: new Map([['image', name]]), remarks };
}

function describePlain(
  container: RunningContainer,
  image: ImageDefaults,
  usualHostname: string,
): Description {
  const fields = new Map<string, Value>();
  const remarks: Remark[] = [];
  const { user, workingDir, hostname, id, restart, stopSignal, stopTimeoutS, networkMode } = container;
  if (user !== image.user && user !== '') fields.set('user', user);
  if (workingDir !== image.workingDir && workingDir !== '') {
    if (parseWorkingDir(workingDir).ok) fields.set('working_dir', workingDir);
    else remarks.push(loss('working_dir', 'its working directory is no absolute path'));
  }
  // Without one the engine takes the start of the id; with another's network it is the other's.
  const isOwn = networkMode !== 'host' && !networkMode.startsWith('container:');
  if (hostname !== '' && !id.startsWith(hostname) && hostname !== usualHostname && isOwn) {
    if (parseHostname(hostname).ok) fields.set('hostname', hostname);
    else remarks.push(loss('hostname', 'its host name is none that a stack file takes'));
  }
  if (restart.name !== 'unless-stopped') {
    const { name, maxRetries } = restart;
    fields.set('restart', name === 'on-failure' && maxRetries > 0 ? `${name}:${maxRetries}` : name);
  }
  const ofImage = image.stopSignal?.replace(/^SIG/, '') ?? null;
  const signal = stopSignal?.replace(/^SIG/, '') ?? null;
  if (signal !== null && signal !== ofImage && parseSignal(signal).ok) fields.set('stop_signal', signal);
  if (stopTimeoutS !== null && stopTimeoutS !== STOP_TIMEOUT_S) {
    if (stopTimeoutS >= 0 && stopTimeoutS <= 86_400) fields.set('stop_timeout', stopTimeoutS);
    else
      remarks.push(
        loss('stop_timeout', `a stop timeout of ${stopTimeoutS} s cannot be said: 0 to a day can`),
      );
  }
  return { fields, remarks };
}

/** A record's own member. */
function own<T>(record: Readonly<Record<string, T>>, name: string): T | null {
  return Object.hasOwn(record, name) ? (record[name] ?? null) : null;
}
