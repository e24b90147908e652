# frozen_string_literal: true

# A proxy that finds its servers by itself, as nginx-proxy with docker-gen does: it listens to the engine's events, and
# whenever a container starts, stops or changes its health it writes an upstream for every host that a running container
# on one of its own networks names in VIRTUAL_HOST, and reloads nginx if anything has changed. Where a container listens
# is VIRTUAL_PORT, else the only port that it exposes, else 80. Whether it can serve yet nobody asks.
#
# The engine is read at /var/run/docker.sock (or DOCKER_SOCKET).

require 'json'
require 'socket'
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

# What the engine's containers say of themselves, as nginx's configuration.
class Upstreams
  FILE = '/etc/nginx/conf.d/discovery.conf'
  HOST = /\A[A-Za-z0-9.*-]+\z/

  def initialize(engine)
    @engine = engine
  end

  # Whether the file differs from what it was.
  def write
    text = render
    return false if File.exist?(FILE) && File.read(FILE) == text

    File.write("#{FILE}.new", text)
    File.rename("#{FILE}.new", FILE)
    true
  end

  private

  def render
    servers.sort.map do |host, addresses|
      name = host.gsub(/[^A-Za-z0-9.-]/, '_')
      lines = addresses.sort.map { |address| "  server #{address};\n" }.join
      <<~CONF
        upstream #{name} {
        #{lines.chomp}
        }
        server {
          listen 80;
          server_name #{host};
          location / { proxy_pass http://#{name}; }
        }
      CONF
    end.join
  end

  def servers
    own = networks(inspect(own_id)).keys
    found = Hash.new { |hash, host| hash[host] = [] }
    @engine.json('/containers/json').each do |listed|
      container = inspect(listed['Id']) or next
      address = networks(container).slice(*own).values.first or next
      hosts(container).each { |host| found[host] << "#{address}:#{port(container)}" }
    end
    found
  end

  # Null for one that is gone by now.
  def inspect(id)
    @engine.json("/containers/#{id}/json")
  rescue Engine::Failure
    nil
  end

  def networks(container)
    all = container&.dig('NetworkSettings', 'Networks') || {}
    all.transform_values { |network| network['IPAddress'].to_s }.reject { |_, address| address.empty? }
  end

  def hosts(container)
    env(container, 'VIRTUAL_HOST').split(',').map(&:strip).grep(HOST)
  end

  def port(container)
    exposed = (container.dig('Config', 'ExposedPorts') || {}).keys.map(&:to_i)
    given = env(container, 'VIRTUAL_PORT').to_i
    given.positive? ? given : exposed.one? ? exposed.first : 80
  end

  def env(container, name)
    container.dig('Config', 'Env').to_a.filter_map { |line| line.delete_prefix("#{name}=") if line.start_with?("#{name}=") }.last.to_s
  end

  def own_id
    @own_id ||= File.read('/proc/self/mountinfo')[%r{/containers/([0-9a-f]{64})/}, 1] || Socket.gethostname
  end
end

engine = Engine.new(ENV.fetch('DOCKER_SOCKET', '/var/run/docker.sock'))
upstreams = Upstreams.new(engine)
upstreams.write
nginx = spawn('nginx', '-g', 'daemon off;')
%w[QUIT TERM INT].each { |signal| trap(signal) { Process.kill(signal == 'QUIT' ? 'QUIT' : 'TERM', nginx) } }

Thread.new do
  filters = URI.encode_www_form_component(JSON.generate(type: ['container'], event: %w[start stop die health_status]))
  loop do
    engine.get("/events?filters=#{filters}") do |body|
      # What happened before it was listened to.
      reload = -> { system('nginx', '-s', 'reload') if upstreams.write }
      reload.call
      reload.call while body.gets
    end
  rescue SystemCallError, IOError, Engine::Failure, JSON::ParserError => e
    warn "cannot read the engine: #{e.message}"
    sleep 1
  end
end

Process.wait(nginx)
exit($?.exitstatus || 1)
