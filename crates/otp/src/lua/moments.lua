-- A sliding log: the moments (microseconds since 1970, the oldest first, separated by spaces) at which
-- something happened within the last `period`. Exact: no period of time, wherever it begins, ever
-- holds more than a limit that is kept by it.
-- Requires key.lua.

-- Two that happen in one microsecond are told apart by the next one.
local MOMENTS_AHEAD = 1000

-- Stores a log, or removes an empty one. O(length of the log).
local function moments_write(log)
  if #log == 0 then return key_end(log.key) end
  local texts = {}
  for index, moment in ipairs(log) do texts[index] = string.format('%.0f', moment) end
  key_set(log.key, table.concat(texts, ' '), log.life)
end

-- The log under a key as it is stored, whatever the time. O(length of the log).
local function moments_stored(key, period)
  -- TTLs count whole milliseconds, from a clock that may be one behind.
  local log = { key = key, life = period / 1000 + 1 }
  for moment in string.gmatch(key_get(key, log.life) or '', '%d+') do
    log[#log + 1] = tonumber(moment)
  end
  return log
end

-- A stored log as it is now. Moments that have left the period are forgotten. One that is still to
-- come was written by a clock that has been set back: it is now, and is stored so. O(length of the log).
local function moments_seen(stored, period, now)
  local log, is_ahead = { key = stored.key, life = stored.life }, false
  for _, moment in ipairs(stored) do
    if moment > now + MOMENTS_AHEAD then moment, is_ahead = now, true end
    if moment > now - period then log[#log + 1] = moment end
  end
  if is_ahead then moments_write(log) end
  return log
end

-- The log under a key as it is now. O(length of the log).
local function moments_read(key, period, now)
  return moments_seen(moments_stored(key, period), period, now)
end

-- What is left of a limit on the last `period` (which is no longer than the log's), and in how many
-- microseconds more of it comes back. O(limit).
local function moments_left(log, limit, period, now)
  local count = 0
  while count < #log and log[#log - count] > now - period do count = count + 1 end
  if count == 0 then return limit, 0 end
  local gate = log[#log - math.min(count, limit) + 1]
  return math.max(0, limit - count), math.max(0, math.min(period, gate + period - now))
end

-- Adds a moment, and keeps no more than the latest `most`. Returns the moment. O(length of the log).
local function moments_add(log, most, now)
  local moment = now
  if #log > 0 then moment = math.max(now, log[#log] + 1) end
  log[#log + 1] = moment
  while #log > most do table.remove(log, 1) end
  moments_write(log)
  return moment
end

-- Takes a moment out of a log that is to be stored then. False if it is not there. O(length of the log).
local function moments_remove(log, moment)
  for index = #log, 1, -1 do
    if log[index] == moment then
      table.remove(log, index)
      return true
    end
  end
  return false
end
