/** Labels of everything stackc makes on an engine. They never change in an object's life (ADR 0001). */
export const labels = {
  stack: 'io.stackc.stack',
  application: 'io.stackc.application',
  container: 'io.stackc.container',
  instance: 'io.stackc.instance',
  generation: 'io.stackc.generation',
  spec: 'io.stackc.spec',
  /** `instance`, `migration`, `run`, `template`, `job`, `agent`, `revision`, `image`, `adopted` or `apply`; of a volume: `journal`. */
  role: 'io.stackc.role',
  /** Of a volume: the data volume's name and the mount path. */
  dataVolume: 'io.stackc.data-volume',
  path: 'io.stackc.path',
  /** Of a migration: the image id it ran on. */
  migrationImage: 'io.stackc.migration.image',
  /** Of what a revision was made from: its number. */
  revision: 'io.stackc.revision',
  /** Of the record of an adoption: which containers are generation 0 of which instance (ADR 0018). */
  adopted: 'io.stackc.adopted',
  /** Of a run: the process that `stack run` is, where that can be told (ADR 0004). */
  runOwner: 'io.stackc.run.owner',
  /** Of a template and of the runs made from it: the job, as canonical JSON of a JobSpec (ADR 0022). */
  job: 'io.stackc.job',
  /** Of a job's run: its number. */
  jobRun: 'io.stackc.job.run',
} as const;
