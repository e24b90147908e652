# frozen_string_literal: true

require 'sidekiq'

# Debian's Sidekiq 6.4 says at every call that its redis library will change.
Redis.silence_deprecations = true

# One job: counts itself as done. Sidekiq takes where its Redis is from REDIS_URL.
class Worker
  include Sidekiq::Worker

  DONE = 'jobs:done'

  def perform(from)
    done = Sidekiq.redis { |redis| redis.incr(DONE) }
    logger.info("job from #{from}: #{done} done")
  end

  def self.done
    Sidekiq.redis { |redis| redis.get(DONE) }.to_i
  end
end
