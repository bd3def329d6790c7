-- A sliding log: a list of the moments (microseconds, oldest first, all different) at which
-- something happened within the last `period` microseconds. Exact: no `period` of time, wherever
-- it begins, ever holds more than `limit` of them.

-- The key outlives its newest moment: TTLs count whole milliseconds, from a clock that may be one
-- behind.
local function window_expire(key, period)
  redis.call('PEXPIRE', key, period / 1000 + 1)
end

-- What is left of `limit` at `now`, and in how many microseconds the next one comes back.
-- Forgets what has left the window, and repairs a key of another type, of moments that nobody can
-- have counted, or without a TTL. O(1), and O(1) for each moment forgotten.
local function window_left(key, limit, period, now)
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'list' then
    if kind ~= 'none' then redis.call('DEL', key) end
    return limit, 0
  end
  local newest = tonumber(redis.call('LINDEX', key, -1))
  if not newest or newest > now + period then
    redis.call('DEL', key)
    return limit, 0
  end
  while true do
    local oldest = redis.call('LINDEX', key, 0)
    if not oldest or (tonumber(oldest) or 0) > now - period then break end
    redis.call('LPOP', key)
  end
  local count = redis.call('LLEN', key)
  if count == 0 then return limit, 0 end
  if redis.call('PTTL', key) == -1 then window_expire(key, period) end
  local left = math.max(0, limit - count)
  -- Where the limit is reached, the one that must go first is the limit-th from the end.
  local gate = redis.call('LINDEX', key, left == 0 and count - limit or 0)
  local wait = (tonumber(gate) or 0) + period - now
  return left, math.max(0, math.min(period, wait))
end

-- Adds one and returns its moment, by which window_forget finds it again. O(1).
local function window_add(key, period, now)
  local newest = redis.call('LINDEX', key, -1)
  local moment = math.max(now, (newest and tonumber(newest) or 0) + 1)
  redis.call('RPUSH', key, string.format('%.0f', moment))
  window_expire(key, period)
  return moment
end

-- Takes one back, as if it had never been; false if it was not there. O(limit).
local function window_forget(key, moment)
  return redis.call('TYPE', key).ok == 'list' and redis.call('LREM', key, -1, moment) > 0
end
