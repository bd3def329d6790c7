-- A token bucket: the text "<missing> <moment>", what was missing from a full bucket at a moment
-- (microseconds since 1970). No key is a full bucket.
-- Amounts are counted in parts of a token so small that `refill` of them come back in every
-- microsecond: a token has per_s * 1,000,000. So all of it is whole numbers, below 2^53.

-- What is missing at `now` from a bucket that holds `full` parts. Something else that stands under
-- the key is removed, and is a full bucket. O(1).
local function bucket_missing(key, full, refill, now)
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then return 0 end
  local missing, moment
  if kind == 'string' then
    missing, moment = string.match(redis.call('GET', key), '^(%d+) (%d+)$')
  end
  if not missing then
    redis.call('DEL', key)
    return 0
  end
  -- A moment that is still to come was written by another clock: nothing has come back since.
  local passed = math.max(0, now - tonumber(moment))
  missing = math.max(0, math.min(full, tonumber(missing)) - passed * refill)
  if redis.call('PTTL', key) == -1 then
    redis.call('PEXPIRE', key, math.floor(missing / refill / 1000) + 1)
  end
  return missing
end

-- Stores what is missing, until it will be there again. O(1).
local function bucket_write(key, missing, refill, now)
  if missing <= 0 then
    redis.call('DEL', key)
  else
    local ttl = math.floor(missing / refill / 1000) + 1
    redis.call('SET', key, string.format('%.0f %.0f', missing, now), 'PX', ttl)
  end
end
