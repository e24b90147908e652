/** Labels by which Docker Compose knows its own containers; every version since 1.3 gives them. */
export const COMPOSE = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  number: 'com.docker.compose.container-number',
  oneOff: 'com.docker.compose.oneoff',
  dependsOn: 'com.docker.compose.depends_on',
} as const;

/** Whether it is one of `docker compose run`. */
export function isComposeRun(labels: Readonly<Record<string, string>>): boolean {
  return labels[COMPOSE.oneOff]?.toLowerCase() === 'true';
}
