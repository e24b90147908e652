import { JOURNAL_FOLDER } from '../plan/agent-spec.ts';

/** What the scaler tells of, as agents see it. */
export const SCALE_FILE = `${JOURNAL_FOLDER}/scale.json`;
