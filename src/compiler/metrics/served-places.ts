import { firstVersion } from '../first-version.ts';
import { JOURNAL_FOLDER } from '../plan/agent-spec.ts';

/** Where the agent keeps at which places it serves metrics, as agents see it. */
export const SERVED_FILE = `${JOURNAL_FOLDER}/metrics-places.json`;

/** What became of the places of metrics, as the agent keeps it beside the journal for `stack status`. */
export interface ServedPlaces {
  readonly version: 1;
  readonly places: readonly ServedPlace[];
}

/** One of them. */
export interface ServedPlace {
  /** As the host calls it: a socket's path, or `127.0.0.1:9464`. */
  readonly at: string;
  /** Why nothing is served there; null: it is. */
  readonly why: string | null;
}

/** The places of a text; null for one of another version, or none. */
export function servedPlacesFrom(text: string): ServedPlaces | null {
  return firstVersion(text, 'places');
}
