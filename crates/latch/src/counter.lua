-- A counter of requests: how many there were in each of several periods of time, in a text of bounded
-- size. Requests of one step of a period (a STEPS-th of it) are counted together under the moment of
-- the last of them, so no period of time, wherever it begins, ever holds more than its limit.
-- The text has one part for each period, separated by ";": "<moment>:<count> <moment>:<count> ...",
-- the oldest first. Moments are microseconds since 1970; rounded ones would end a period too early.
-- Requires key.lua.
local COUNTER_STEPS = 30
local COUNTER_MOST = 1e9

-- The counter under a key at `now`. `limits` is { { limit, period }, ... }, in microseconds. A moment
-- that is still to come was written by a clock that has been set back: it is now. O(STEPS * limits).
local function counter_read(key, limits, now)
  local counter = { key = key, life = 0, periods = {}, changed = false }
  -- TTLs count whole milliseconds, from a clock that may be one behind.
  for _, limit in ipairs(limits) do counter.life = math.max(counter.life, limit[2] / 1000 + 1) end
  local parts = string.gmatch((key_get(key, counter.life) or '') .. ';', '([^;]*);')
  for index, limit in ipairs(limits) do
    local most, period = limit[1], limit[2]
    local it = { most = most, period = period, total = 0, steps = {} }
    for moment, count in string.gmatch(parts() or '', '(%d+):(%d+)') do
      moment, count = tonumber(moment), math.min(tonumber(count), COUNTER_MOST)
      if moment > now then moment, counter.changed = now, true end
      if moment > now - period then
        it.total = it.total + count
        local last = it.steps[#it.steps]
        if last and last[1] >= moment then
          last[2] = last[2] + count
        else
          it.steps[#it.steps + 1] = { moment, count }
        end
      end
    end
    counter.periods[index] = it
  end
  return counter
end

-- What is left of a period's limit, and in how many microseconds more of it comes back.
local function counter_left(it, now)
  local left, gone = it.most - it.total, 0
  if #it.steps == 0 then return math.max(0, left), 0 end
  for _, step in ipairs(it.steps) do
    gone = gone + step[2]
    if left + gone > 0 then return math.max(0, left), step[1] + it.period - now end
  end
  return 0, it.period
end

-- Counts one request at `now`, in each period. O(STEPS * limits).
local function counter_add(counter, now)
  for _, it in ipairs(counter.periods) do
    local width = it.period / COUNTER_STEPS
    local last = it.steps[#it.steps]
    if last and math.floor(last[1] / width) == math.floor(now / width) then
      last[1], last[2] = now, last[2] + 1
    else
      it.steps[#it.steps + 1] = { now, 1 }
    end
    it.total = it.total + 1
  end
  counter.changed = true
end

-- Stores a counter that has changed. O(STEPS * limits).
local function counter_write(counter)
  if not counter.changed then return end
  local parts = {}
  for index, it in ipairs(counter.periods) do
    local steps = {}
    for place, step in ipairs(it.steps) do steps[place] = string.format('%.0f:%.0f', step[1], step[2]) end
    parts[index] = table.concat(steps, ' ')
  end
  key_set(counter.key, table.concat(parts, ';'), counter.life)
end
