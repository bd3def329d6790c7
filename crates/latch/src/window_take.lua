-- Takes one of a limit, if one is left.
-- KEYS[1]  the log (window.lua)
-- ARGV[1]  limit   ARGV[2]  period in microseconds
-- Reply    { taken (1 or 0), left, microseconds until the next comes back, moment (0 if none) }
-- O(1) amortised.
local now = clock()
local log = window_read(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), now)
local left, wait = window_left(log, now)
if left == 0 then return { 0, 0, wait, 0 } end
local moment = window_add(log, now)
left, wait = window_left(log, now)
return { 1, left, wait, moment }
