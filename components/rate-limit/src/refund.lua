-- Gives tokens back, up to a full bucket.
-- KEYS[1]  a bucket (bucket.lua)
-- ARGV[1]  capacity   ARGV[2]  refill   ARGV[3]  per_s   ARGV[4]  cost
-- Reply    { 1, 1, tokens left, 0, microseconds until it is full }, as take.lua has it
-- O(1).
local now = clock()
local refill, token = tonumber(ARGV[2]), tonumber(ARGV[3]) * 1000000
local full = tonumber(ARGV[1]) * token
local missing = bucket_missing(KEYS[1], full, refill, now)
missing = math.max(0, missing - tonumber(ARGV[4]) * token)
bucket_write(KEYS[1], missing, refill, now)
return { 1, 1, math.floor((full - missing) / token), 0, math.ceil(missing / refill) }
