# frozen_string_literal: true

require 'socket'
require_relative 'database'
require_relative 'worker'

# A small Rack application:
#
#   GET  /ping         pong, without touching a database
#   GET  /             counts a visit and says who answered
#   GET  /version      the version alone
#   GET  /env/NAME     the value of a variable of the short list below
#   GET  /slow/SECONDS answers after that time, at most 30 seconds
#   POST /jobs         enqueues a Sidekiq job
#   GET  /jobs         how many jobs are done
#
# With READY=false it boots and never becomes ready: every answer is 503.
class App
  VERSION = ENV.fetch('VERSION', '1')
  INSTANCE = ENV['INSTANCE'].to_s.empty? ? Socket.gethostname : ENV['INSTANCE']
  SHOWN = %w[GREETING INSTANCE RANDOM_VAR RELEASE_TAG VERSION].freeze
  READY = ENV['READY'] != 'false'

  def call(env)
    return text(503, 'not ready') unless READY

    route(env['REQUEST_METHOD'], env['PATH_INFO'])
  rescue PG::Error, Redis::BaseError, SocketError => e
    warn "#{e.class}: #{e.message.strip}"
    text(503, "unavailable: #{e.class}")
  end

  private

  def route(method, path)
    case [method == 'HEAD' ? 'GET' : method, *path.split('/').drop(1)]
    in ['GET', 'ping'] then text(200, 'pong')
    in ['GET'] then visit
    in ['GET', 'version'] then text(200, VERSION)
    in ['GET', 'env', name] if SHOWN.include?(name) then text(200, ENV.fetch(name, ''))
    in ['GET', 'slow', /\A\d+(\.\d+)?\z/ => seconds] then slow(Float(seconds))
    in ['POST', 'jobs'] then text(202, "enqueued #{Worker.perform_async(INSTANCE)}")
    in ['GET', 'jobs'] then text(200, "done #{Worker.done}")
    else text(404, 'not found')
    end
  end

  def visit
    visits = Database.configured? ? Database.count_visit : 'not counted, DB_HOST is not set'
    puts "visit #{visits} answered by #{INSTANCE}"
    text(200, "#{ENV.fetch('GREETING', 'Hello')}\nversion #{VERSION}\ninstance #{INSTANCE}\nvisits #{visits}")
  end

  def slow(seconds)
    sleep [seconds, 30].min
    text(200, "slept #{seconds}")
  end

  def text(status, body)
    body += "\n"
    [status, { 'content-type' => 'text/plain; charset=utf-8', 'content-length' => body.bytesize.to_s }, [body]]
  end
end
