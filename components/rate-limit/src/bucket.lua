-- A token bucket: the text "<missing> <moment>", what was missing from a full bucket at a moment
-- (microseconds since 1970). No key is a full bucket.
-- Amounts are counted in parts of a token so small that `refill` of them come back in every
-- microsecond: a token has per_s * 1,000,000. So all of it is whole numbers, below 2^53.

-- What is missing at `now` from a bucket that holds `full` parts. Something else that stands under
-- the key is removed, and is a full bucket. O(1).
local function bucket_missing(key, full, refill, now)
  local text = key_read('GET', key)
  if not text then return 0 end
  local missing, moment = string.match(text, '^(%d+) (%d+)$')
  if not missing then
    redis.call('DEL', key)
    return 0
  end
  -- A moment that is still to come was written by another clock: nothing has come back since.
  local passed = math.max(0, now - tonumber(moment))
  return math.max(0, math.min(full, tonumber(missing)) - passed * refill)
end

-- How long a bucket is kept: until what is missing will be there again, in milliseconds.
local function bucket_life(missing, refill)
  return math.floor(missing / refill / 1000) + 1
end

-- Leaves a bucket as it is. O(1).
local function bucket_keep(key, missing, refill)
  key_expire_at_all(key, bucket_life(missing, refill))
end

-- Stores what is missing, until it will be there again. O(1).
local function bucket_write(key, missing, refill, now)
  if missing <= 0 then
    redis.call('DEL', key)
  else
    local text = string.format('%.0f %.0f', missing, now)
    redis.call('SET', key, text, 'PX', bucket_life(missing, refill))
  end
end
