# frozen_string_literal: true

require 'pg'

# The database that the seven DB_ variables describe: one connection a process, made at its first use.
module Database
  module_function

  def configured?
    !ENV['DB_HOST'].to_s.empty?
  end

  def visits
    Integer(exec("SELECT value FROM counters WHERE name = 'visits'").getvalue(0, 0))
  end

  def count_visit
    Integer(exec("UPDATE counters SET value = value + 1 WHERE name = 'visits' RETURNING value").getvalue(0, 0))
  end

  # With DB_RECONNECT, a connection that broke since its last use is made anew, once.
  def exec(sql, params = [])
    retried = !reconnect?
    begin
      connection.exec_params(sql, params)
    rescue PG::UnableToSend, PG::ConnectionBad
      forget
      raise if retried

      retried = true
      retry
    end
  end

  def wait(seconds:)
    limit = monotonic + seconds
    begin
      connection
    rescue PG::ConnectionBad => e
      raise if monotonic > limit

      puts "waiting for the database: #{e.message.lines.first.strip}"
      sleep 0.5
      retry
    end
  end

  def connection
    @connection ||= PG.connect(**settings)
  end

  def forget
    @connection&.close unless @connection&.finished?
  ensure
    @connection = nil
  end

  def settings
    adapter = ENV.fetch('DB_ADAPTER', 'postgresql')
    abort "DB_ADAPTER is #{adapter}; this application speaks postgresql only" unless adapter.start_with?('postgres')
    {
      host: ENV.fetch('DB_HOST'),
      port: presence('DB_PORT') || '5432',
      dbname: ENV.fetch('DB_DATABASE'),
      user: ENV.fetch('DB_USERNAME'),
      password: ENV['DB_PASSWORD'],
      connect_timeout: 3,
      application_name: "app #{ENV.fetch('VERSION', '?')}"
    }
  end

  def reconnect?
    %w[true 1 yes].include?(ENV.fetch('DB_RECONNECT', 'true').downcase)
  end

  def presence(name)
    value = ENV[name].to_s
    value unless value.empty?
  end

  def monotonic
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end
end
