// The same as config.ru, on Node's own http.
import { appendFileSync, chmodSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const [address = ''] = process.argv.slice(2);
await sleep(Number(process.env.BOOT ?? 0) * 1000);

const server = createServer(async (request, response) => {
  const [what, value = ''] = request.url.split('/').slice(1);
  const text = (body) => response.end(body);
  if (what === 'ping') text('pong\n');
  else if (what === 'version') text(`${process.env.VERSION}\n`);
  else if (what === 'slow') {
    await sleep(Number(value) * 1000);
    text('slept\n');
  } else if (what === 'stream') {
    for (let i = 0; i < Number(value) * 10; i++) {
      response.write(`${i}\n`);
      await sleep(100);
    }
    response.end();
  } else if (what === 'count') {
    let length = 0;
    for await (const chunk of request) length += chunk.length;
    appendFileSync(process.env.COUNTED ?? '/var/counted/ids', `${value}\n`);
    text(`${value} ${length}\n`);
  } else {
    response.statusCode = 404;
    response.end();
  }
});
const [host, port] = address.split(':');
if (address.startsWith('/')) server.listen(address, () => chmodSync(address, 0o777));
else server.listen(Number(port), host);
// The first process of a container gets no default action for signals.
process.on('SIGTERM', () => server.close(() => process.exit(0)));
