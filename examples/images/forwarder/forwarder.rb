# frozen_string_literal: true

# Sends what the containers of an engine print to a syslog receiver:
#
#   forwarder.rb syslog://HOST:PORT        over UDP
#   forwarder.rb syslog+tcp://HOST:PORT    over TCP, one line a message
#
# The engine is read at /tmp/docker.sock (or DOCKER_SOCKET). Containers with LOGSPOUT=ignore in their
# environment are left out. Lines are RFC 5424: facility user; info for stdout, error for stderr; the
# host is this container's host name, the application the container's name.

require 'json'
require 'socket'
require 'time'
require 'uri'

$stdout.sync = true
$stderr.sync = true

# The few calls of the Engine API that are needed, over its socket.
class Engine
  Failure = Class.new(StandardError)

  def initialize(path)
    @path = path
  end

  def json(path)
    get(path) { |body| JSON.parse(body.read) }
  end

  # HTTP/1.0, so that the engine sends the body as it is, without chunks, until it closes.
  def get(path)
    UNIXSocket.open(@path) do |socket|
      socket.write("GET #{path} HTTP/1.0\r\nHost: docker\r\n\r\n")
      status = socket.gets.to_s
      while (line = socket.gets) && line != "\r\n"; end
      raise Failure, "#{path}: #{status.strip}" unless status.split[1] == '200'

      yield socket
    end
  end
end

# Delivers lines to the receiver, which may be away. Over TCP they wait for it: what does not fit in the queue
# is dropped, oldest first, and counted. Datagrams are sent whether or not anyone is there.
class Receiver
  QUEUE = 10_000
  RETRY_SECONDS = 1
  RESOLVE_SECONDS = 10

  def initialize(uri)
    @host = uri.host
    @port = uri.port || 514
    @tcp = uri.scheme == 'syslog+tcp'
    @queue = Queue.new
    @dropped = 0
  end

  def <<(line)
    while @queue.size >= QUEUE
      @queue.pop(true)
      @dropped += 1
    end
    @queue << line
  rescue ThreadError
    retry # emptied meanwhile by the sender
  end

  def run
    loop do
      line = @queue.pop
      begin
        deliver(line)
      rescue SystemCallError, SocketError, IOError => e
        say("cannot reach #{@host}:#{@port}: #{e.message}")
        disconnect
        sleep RETRY_SECONDS
        retry
      end
      say(nil)
    end
  end

  def drain(seconds)
    limit = monotonic + seconds
    sleep 0.05 until @queue.empty? || monotonic > limit
  end

  private

  def deliver(line)
    if @tcp
      @connection ||= TCPSocket.new(@host, @port, connect_timeout: 5)
      @connection.write("#{line}\n")
    else
      @connection ||= UDPSocket.new
      @connection.send(line, 0, address)
    end
  end

  # The receiver may move: its name is looked up again from time to time.
  def address
    return @address if @address && monotonic < @resolve_at

    @resolve_at = monotonic + RESOLVE_SECONDS
    @address = Addrinfo.getaddrinfo(@host, @port, Socket::AF_INET, :DGRAM).first.to_sockaddr
  end

  def disconnect
    @connection&.close
  rescue IOError, SystemCallError
    nil
  ensure
    @connection = nil
  end

  def monotonic
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  # Only what changed is said: an absent receiver is one line, not one a second.
  def say(trouble)
    return if trouble == @trouble

    @trouble = trouble
    return warn(trouble) if trouble

    puts "reached #{@host}:#{@port}#{@dropped.positive? ? ", #{@dropped} lines were dropped" : ''}"
    @dropped = 0
  end
end

# Follows every running container, and from the events those that start later.
class Forwarder
  MAX_BYTES = 8_000 # a datagram that every receiver takes
  STDOUT = 1
  STDERR = 2

  # A container that is read; `after` is the time of what was sent before, if anything was.
  Source = Struct.new(:id, :name, :after)

  def initialize(engine, receiver)
    @engine = engine
    @receiver = receiver
    @hostname = Socket.gethostname
    @followed = {} # container id => the thread that reads it
    @again = {} # container id => started again while it was still read
    @last = {} # container id => time stamp of the last line that was sent
    @lock = Mutex.new
  end

  def run
    since = Time.now
    loop do
      # What runs already is read from now on; after an interruption, from where it broke off.
      @engine.json('/containers/json').each { |container| follow(container['Id'], since) }
      since = events(since)
    rescue SystemCallError, IOError, Engine::Failure, JSON::ParserError => e
      warn "cannot read the engine: #{e.message}"
      sleep 1
    end
  end

  private

  def events(since)
    filters = URI.encode_www_form_component(JSON.generate(type: ['container'], event: ['start']))
    @engine.get("/events?since=#{stamp(since)}&filters=#{filters}") do |body|
      while (line = body.gets)
        event = JSON.parse(line)
        since = Time.at(event['time'])
        # The first lines may be older than the event that announces them.
        follow(event['id'], since - 1)
      end
    end
    sleep 1 # the engine closed it: it is going away
    since
  end

  def follow(id, since)
    @lock.synchronize do
      # Restarted before its last output ended: it is read once more after that.
      return @again[id] = true if @followed[id]

      @followed[id] = Thread.new do
        loop do
          read(id, since)
          break unless again?(id)
        end
      end
    end
  end

  def again?(id)
    @lock.synchronize { @again.delete(id) || (@followed.delete(id) && false) }
  end

  def read(id, since)
    container = @engine.json("/containers/#{id}/json")
    return if container.dig('Config', 'Env').to_a.include?('LOGSPOUT=ignore')

    # The engine gives again what has exactly the time that is asked for.
    source = Source.new(id, container['Name'].delete_prefix('/')[0, 48], @last[id])
    from = @last[id] || stamp(since)
    @engine.get("/containers/#{id}/logs?follow=1&stdout=1&stderr=1&timestamps=1&since=#{from}") do |body|
      container.dig('Config', 'Tty') ? plain(body, source) : framed(body, source)
    end
  rescue Engine::Failure
    @last.delete(id) # removed meanwhile
  rescue SystemCallError, IOError, JSON::ParserError => e
    warn "cannot read #{id[0, 12]}: #{e.message}"
  end

  # With a terminal there is one stream of lines.
  def plain(body, source)
    while (line = body.gets)
      forward(source, STDOUT, line)
    end
  end

  # Without one, every message has eight bytes before it: the stream, three zeros, the length.
  def framed(body, source)
    while (header = body.read(8)) && header.bytesize == 8
      stream, length = header.unpack('CxxxN')
      line = body.read(length) or break
      forward(source, stream, line)
    end
  end

  def forward(source, stream, line)
    time, text = line.dup.force_encoding(Encoding::UTF_8).scrub('?').chomp.split(' ', 2)
    position = stamp(Time.iso8601(time))
    return if source.after && source.after >= position

    @last[source.id] = position
    text = text.to_s.delete("\r")
    return if text.strip.empty?

    priority = stream == STDERR ? 11 : 14
    time = time.sub(/(\.\d{6})\d+/, '\1') # microseconds are the finest that syslog has
    @receiver << "<#{priority}>1 #{time} #{@hostname} #{source.name} - - - #{text}".byteslice(0, MAX_BYTES).scrub('')
  rescue ArgumentError
    warn "#{source.name}: a line without its time: #{line.inspect[0, 100]}"
  end

  # Seconds and nanoseconds, as the engine takes them and as they can be compared as text.
  def stamp(time)
    format('%d.%09d', time.to_i, time.nsec)
  end
end

uri = URI.parse(ARGV.fetch(0) { abort 'usage: forwarder.rb syslog://HOST:PORT | syslog+tcp://HOST:PORT' })
unless uri.host && %w[syslog syslog+udp syslog+tcp].include?(uri.scheme)
  abort "not a syslog address: #{ARGV[0]} (wanted: syslog://HOST:PORT or syslog+tcp://HOST:PORT)"
end

receiver = Receiver.new(uri)
stopped = Queue.new
%w[TERM INT].each { |signal| trap(signal) { stopped << signal } }

Thread.report_on_exception = true
Thread.abort_on_exception = true
Thread.new { receiver.run }
Thread.new { Forwarder.new(Engine.new(ENV.fetch('DOCKER_SOCKET', '/tmp/docker.sock')), receiver).run }
puts "forwarding to #{uri}"
stopped.pop
receiver.drain(1)
