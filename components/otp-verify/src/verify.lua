-- Compares a guess with the outstanding code, and uses the code up if it is right.
-- KEYS[1]  the code    KEYS[2]  the log of wrong guesses
-- KEYS[3..4]  the same under the previous secret; absent unless it is being rotated
-- ARGV[1]  digest of the guess   ARGV[2]  the same by the previous secret, or ""
-- ARGV[3]  wrong guesses in a day         ARGV[4]  a code's life (ms)
-- Reply    { status, now, guesses left, life of the code (ms), failures left, wait }
--          status is verified, mismatch, exhausted, expired or failures; times are microseconds.
-- Comparing digests tells an observer of the time nothing about a code: they are keyed.
-- O(1) amortised.
local DAY = 24 * 60 * 60 * 1000000
local now = clock()
adopt(KEYS[3], KEYS[1])
adopt(KEYS[4], KEYS[2])

local code = code_read(KEYS[1], ARGV[4])
local log = window_read(KEYS[2], tonumber(ARGV[3]), DAY, now)
local function reply(status, guesses, ttl)
  local failures, wait = window_left(log, now)
  return { status, now, guesses or 0, ttl or 0, failures, wait }
end

if window_left(log, now) == 0 then return reply('failures') end
if not code then return reply('expired') end
if code.guesses == 0 then return reply('exhausted', 0, code.ttl) end

if code.digest == ARGV[1] or code.digest == ARGV[2] then
  redis.call('DEL', KEYS[1], KEYS[2])
  log.count = 0
  return reply('verified')
end
code.guesses = code.guesses - 1
code_write(KEYS[1], code)
window_add(log, now)
return reply(code.guesses > 0 and 'mismatch' or 'exhausted', code.guesses, code.ttl)
