/** A Sidekiq job that counts each start and each end. */
export function countedJob(seconds: number): string {
  return `require 'sidekiq'
Redis.silence_deprecations = true
class Job
  include Sidekiq::Worker
  def perform(id)
    Sidekiq.redis { |redis| redis.lpush('started', id) }
    sleep ${seconds}
    Sidekiq.redis { |redis| redis.lpush('done', id) }
  end
end
`;
}
