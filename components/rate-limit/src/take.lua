-- Takes tokens from one bucket or several: from all of them, or from none.
-- KEYS[i]  a bucket (bucket.lua); the same may stand there more than once
-- ARGV[1]  "take", or "peek" to take nothing
-- ARGV[2 + 4 * (i - 1)] and the three after it: capacity, refill, per_s and cost for KEYS[i]
-- Reply    { allowed (1 or 0), then for each key: enough (1 or 0), tokens left,
--            microseconds until there are enough for this cost, microseconds until it is full }
-- O(keys).
local now = clock()
local function policy(i)
  local at = 2 + 4 * (i - 1)
  local token = tonumber(ARGV[at + 2]) * 1000000
  return token, tonumber(ARGV[at]) * token, tonumber(ARGV[at + 1]), tonumber(ARGV[at + 3]) * token
end

-- What is missing from each bucket now, and what would be missing after.
local before, after, lacking, allowed = {}, {}, {}, true
for i, key in ipairs(KEYS) do
  local _, full, refill, cost = policy(i)
  before[key] = before[key] or bucket_missing(key, full, refill, now)
  -- An earlier check of this call may want some of the same bucket.
  local wanted = (after[key] or before[key]) + cost
  lacking[i] = math.max(0, wanted - full)
  if lacking[i] > 0 then allowed = false else after[key] = wanted end
end

local take = allowed and ARGV[1] == 'take'
local reply = { allowed and 1 or 0 }
for i, key in ipairs(KEYS) do
  local token, full, refill = policy(i)
  local missing = take and after[key] or before[key]
  if take then bucket_write(key, missing, refill, now) end
  reply[#reply + 1] = lacking[i] > 0 and 0 or 1
  reply[#reply + 1] = math.floor((full - missing) / token)
  reply[#reply + 1] = math.ceil(lacking[i] / refill)
  reply[#reply + 1] = math.ceil(missing / refill)
end
return reply
