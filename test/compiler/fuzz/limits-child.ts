import { readFileSync } from 'node:fs';

import { readAs, type Reader } from './readers.ts';

// A process of its own, so that all that it takes is told: `limits.test.ts` builds and starts it.
const [reader = '', file = ''] = process.argv.slice(2);
const bytes = readFileSync(file);
const before = process.cpuUsage();
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the test has written it
readAs(reader as Reader, bytes);
const { user, system } = process.cpuUsage(before);
const { maxRSS } = process.resourceUsage();
process.stdout.write(JSON.stringify({ cpuS: (user + system) / 1e6, rssMb: maxRSS / 1024 }));
