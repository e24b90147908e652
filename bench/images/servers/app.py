import os
import time

time.sleep(float(os.environ.get('BOOT', '0')))


def app(environ, start_response):
    """The same as config.ru, for gunicorn."""
    def text(body):
        data = body.encode()
        start_response('200 OK', [('content-type', 'text/plain'), ('content-length', str(len(data)))])
        return [data]

    parts = environ['PATH_INFO'].strip('/').split('/')
    if parts == ['ping']:
        return text('pong\n')
    if parts == ['version']:
        return text(os.environ['VERSION'] + '\n')
    if parts[0] == 'slow':
        time.sleep(float(parts[1]))
        return text('slept\n')
    if parts[0] == 'stream':
        start_response('200 OK', [('content-type', 'text/plain')])
        return lines(float(parts[1]))
    if parts[0] == 'count':
        length = len(environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0)))
        file = os.open(os.environ.get('COUNTED', '/var/counted/ids'), os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(file, (parts[1] + '\n').encode())
        os.close(file)
        return text('%s %d\n' % (parts[1], length))
    start_response('404 Not Found', [('content-length', '0')])
    return []


def lines(seconds):
    for number in range(int(seconds * 10)):
        yield b'%d\n' % number
        time.sleep(0.1)
