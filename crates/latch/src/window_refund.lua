-- Takes back what window_take.lua counted.
-- KEYS[1]  the log   ARGV[1]  the moment that was returned
-- Reply    { 1 }
-- O(limit).
window_forget(KEYS[1], ARGV[1])
return { 1 }
