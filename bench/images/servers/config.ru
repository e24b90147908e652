# The application, for unicorn and puma; server.mjs and app.py do the same.
#
#   GET  /ping       pong
#   GET  /version    the version
#   GET  /slow/S     answers after S seconds
#   GET  /stream/S   sends a line every 100 ms for S seconds
#   POST /count/ID   writes ID into the file of all that was counted, and answers it with the length of the body
sleep Float(ENV.fetch('BOOT', '0'))

run(lambda do |env|
  text = ->(body) { [200, { 'content-type' => 'text/plain', 'content-length' => body.bytesize.to_s }, [body]] }
  case env['PATH_INFO'].split('/').drop(1)
  in ['ping'] then text.call("pong\n")
  in ['version'] then text.call("#{ENV['VERSION']}\n")
  in ['slow', seconds]
    sleep Float(seconds)
    text.call("slept\n")
  in ['stream', seconds]
    lines = Enumerator.new do |out|
      (Float(seconds) * 10).to_i.times { |i| out << "#{i}\n"; sleep 0.1 }
    end
    [200, { 'content-type' => 'text/plain' }, lines]
  in ['count', id]
    length = env['rack.input'].read.bytesize
    File.open(ENV.fetch('COUNTED', '/var/counted/ids'), 'a') { |file| file.syswrite("#{id}\n") }
    text.call("#{id} #{length}\n")
  else [404, { 'content-type' => 'text/plain', 'content-length' => '0' }, []]
  end
end)
