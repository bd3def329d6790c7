-- Counts a request for all that it belongs to (a client's address, the network around it), if each of
-- their limits has one left; else for none of them. Or only looks.
-- KEYS[i]  a counter (counter.lua)
-- ARGV[1]  "count", or "peek" to count nothing   ARGV[2]  how many limits each counter has
-- ARGV[3..] for each key, for each of its limits: the limit, its period in milliseconds
-- Reply    { allowed (1 or 0), then for each key, for each of its limits: what is left,
--            milliseconds until more comes back }
-- O(STEPS * keys * limits). Requires clock.lua, key.lua, counter.lua.
local now = clock()
local each = tonumber(ARGV[2])

local counters, allowed = {}, true
for index, key in ipairs(KEYS) do
  local limits = {}
  for place = 1, each do
    local at = 3 + 2 * ((index - 1) * each + place - 1)
    limits[place] = { tonumber(ARGV[at]), tonumber(ARGV[at + 1]) * 1000 }
  end
  counters[index] = counter_read(key, limits, now)
  for _, it in ipairs(counters[index].periods) do
    if counter_left(it, now) == 0 then allowed = false end
  end
end

local reply = { allowed and 1 or 0 }
for _, counter in ipairs(counters) do
  if allowed and ARGV[1] == 'count' then counter_add(counter, now) end
  counter_write(counter)
  for _, it in ipairs(counter.periods) do
    local left, wait = counter_left(it, now)
    reply[#reply + 1] = left
    reply[#reply + 1] = math.ceil(wait / 1000)
  end
end
return reply
