-- A token bucket: the text "<missing> <moment>", what was missing from a full bucket at a moment
-- (microseconds since 1970). No key is a full bucket.
-- Amounts are counted in parts of a token so small that `refill` of them come back in every
-- microsecond: a token has per_s * 1,000,000. So all of it is whole numbers, below 2^53.

-- How long a bucket is kept: until what is missing will be there again, in milliseconds.
local function bucket_life(missing, refill)
  return math.floor(missing / refill / 1000) + 1
end

-- Stores what is missing, until it will be there again. O(1).
local function bucket_write(key, missing, refill, now)
  if missing <= 0 then
    key_end(key)
  else
    key_set(key, string.format('%.0f %.0f', missing, now), bucket_life(missing, refill))
  end
end

-- What is missing at `now` from a bucket that holds `full` parts. Something else that stands under
-- the key is removed, and is a full bucket. O(1).
local function bucket_missing(key, full, refill, now)
  local text = key_get(key, bucket_life(full, refill))
  if not text then return 0 end
  local missing, moment = string.match(text, '^(%d+) (%d+)$')
  if not missing then
    key_end(key)
    return 0
  end
  missing, moment = math.min(full, tonumber(missing)), tonumber(moment)
  if moment <= now then return math.max(0, missing - (now - moment) * refill) end
  -- The moment is still to come, so the clock was set back: it becomes now. That is written at once,
  -- whatever is decided, so that from now on tokens come back.
  bucket_write(key, missing, refill, now)
  return missing
end
