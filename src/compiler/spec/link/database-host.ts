import type { Reference } from '../container-spec.ts';
import type { WrittenApplication } from '../read/application.ts';
import { plainText } from '../template.ts';

/** The application's `database.host`, when it is known from the file: it may name a container. */
export function databaseHost(application: WrittenApplication): Reference | null {
  const host = application.database?.variables.find(({ name }) => name === 'DB_HOST');
  const name = host === undefined ? null : plainText(host.value);
  return host === undefined || name === null ? null : { name, place: host.value.place };
}
