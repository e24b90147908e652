/**
 * A server for `node -e`, which serves `$SOCKS/$OWN` or what its first word says, and has its moods (`$MOOD`, words):
 *
 *   never         is never ready
 *   broken        ends with 9 as soon as it starts
 *   late          is ready after two seconds; listens before, and answers nothing meanwhile
 *   dies-ready    ends with its second good answer, which is what a gate wants
 *   dies-asked    ends with the first request that is no check
 *   sick          answers 500 to whatever is no check
 *   frail         ends as soon as there is a file /tmp/end
 *   stubborn      ignores its stop signal
 *   leaves        leaves its socket behind
 *   ends          takes its socket away as soon as there is a file /tmp/end, and ends with 6 when all is answered
 *
 * `never@app2` is a mood of that instance alone.
 *
 * `POST /count/ID` counts an id once its whole body is there.
 */
export const MOODY_SERVER = `
const { createServer } = require('node:http');
const { appendFileSync, chmodSync, existsSync, unlinkSync } = require('node:fs');
const [, given] = process.argv;
const path = given ?? process.env.SOCKS + '/' + process.env.OWN + '.sock';
const moods = (process.env.MOOD ?? '').split(' ').flatMap((word) => {
  const [mood, whose = ''] = word.split('@');
  return path.includes(whose) ? [mood] : [];
});
let answers = 0;
if (moods.includes('broken')) process.exit(9);
const end = () => existsSync('/tmp/end') && process.exit(5);
if (moods.includes('frail')) end() || setInterval(end, 50);
const server = createServer((request, response) => {
  const [what, id] = request.url.split('/').slice(1);
  if (what === 'ping') {
    if (moods.includes('never')) response.statusCode = 503;
    answers += 1;
    if (moods.includes('dies-ready') && answers === 2) response.on('finish', () => process.exit(3));
    response.end('pong\\n');
    return;
  }
  if (moods.includes('dies-asked')) process.exit(4);
  if (moods.includes('sick')) response.statusCode = 500;
  let length = 0;
  request.on('data', (chunk) => (length += chunk.length));
  request.on('end', () => {
    if (what === 'count') appendFileSync('/var/counted/ids', id + '\\n');
    response.end(id + ' ' + length + '\\n');
  });
});
server.listen(path, () => {
  chmodSync(path, 0o777);
  if (moods.includes('late')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000);
});
const ending = setInterval(() => {
  if (!moods.includes('ends') || !existsSync('/tmp/end')) return;
  clearInterval(ending);
  // Whoever has connected by then is answered.
  unlinkSync(path);
  setTimeout(() => server.close(() => process.exit(6)), 500);
}, 50);
process.on('SIGTERM', () => {
  clearInterval(ending);
  if (moods.includes('stubborn')) return;
  if (moods.includes('leaves')) process.exit(0);
  server.close(() => process.exit(0));
});
`;

/** A server for `python3 -c` that takes a second between bind and listen, never removes a path, and ends with 7 on USR1. */
export const SLEEPY_SERVER = `
import os, signal, socket, sys, time
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
signal.signal(signal.SIGUSR1, lambda *_: os._exit(7))
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
time.sleep(1)
listener.listen(64)
while True:
    connection, _ = listener.accept()
    connection.recv(65536)
    connection.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\nConnection: close\\r\\n\\r\\npong\\n')
    connection.close()
`;
