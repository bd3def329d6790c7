-- A sliding log: a list of the moments (microseconds, oldest first, all different) at which
-- something happened within the last `period` microseconds. Exact: no `period` of time, wherever
-- it begins, ever holds more than `limit` of them.

-- The log under a key at `now`: { key, limit, period, count, newest, gate }. `gate` is the moment
-- that must go for the next one to come back: the oldest, or the limit-th from the end.
-- Forgets what has left the window, and repairs a key of another type, of moments that nobody can
-- have counted, or without a TTL. O(1), and O(1) for each moment forgotten.
local function window_read(key, limit, period, now)
  local log = { key = key, limit = limit, period = period, count = 0, newest = 0, gate = 0 }
  local newest = key_read('LINDEX', key, -1)
  if not newest then return log end
  log.newest = tonumber(newest)
  if not log.newest or log.newest > now + period then
    redis.call('DEL', key)
    log.newest = 0
    return log
  end
  local oldest = redis.call('LINDEX', key, 0)
  while oldest and (tonumber(oldest) or 0) <= now - period do
    redis.call('LPOP', key)
    oldest = redis.call('LINDEX', key, 0)
  end
  if not oldest then return log end
  log.count = redis.call('LLEN', key)
  log.gate = tonumber(oldest)
  if log.count > limit then
    log.gate = tonumber(redis.call('LINDEX', key, log.count - limit)) or 0
  end
  -- The key outlives its newest moment: TTLs count whole milliseconds, from a clock that may be
  -- one behind.
  key_expire_at_all(key, period / 1000 + 1)
  return log
end

-- What is left of the limit at `now`, and in how many microseconds the next one comes back.
local function window_left(log, now)
  if log.count == 0 then return log.limit, 0 end
  local left = math.max(0, log.limit - log.count)
  return left, math.max(0, math.min(log.period, log.gate + log.period - now))
end

-- Adds one, where one is left, and returns its moment, by which window_forget finds it again. O(1).
local function window_add(log, now)
  local moment = math.max(now, log.newest + 1)
  redis.call('RPUSH', log.key, string.format('%.0f', moment))
  redis.call('PEXPIRE', log.key, log.period / 1000 + 1)
  if log.count == 0 then log.gate = moment end
  log.count, log.newest = log.count + 1, moment
  return moment
end

-- Takes one back, as if it had never been; false if it was not there. O(limit).
local function window_forget(key, moment)
  return (key_read('LREM', key, -1, moment) or 0) > 0
end
