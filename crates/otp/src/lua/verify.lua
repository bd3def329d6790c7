-- Compares a guess with the outstanding code, and uses the code up if it is right.
-- KEYS[1]  the code (record.lua)      KEYS[2]  the log of wrong guesses (moments.lua)
-- KEYS[3]  the codes that wait (waiting.lua)
-- ARGV[1]  digest of the guess        ARGV[2]  wrong guesses in a day
-- ARGV[3]  a code's life (ms)         ARGV[4]  how long a delivery may take (ms)
-- Reply    { status, now, guesses left, life of the code (ms), failures left, wait }
--          status is verified, mismatch, exhausted (by this guess), spent (by an earlier one),
--          expired or failures; times are microseconds.
-- A guess is paid for before it is compared, and by the same command as what follows a right one, so
-- that a Redis which refuses writes answers right and wrong guesses alike.
-- Comparing digests tells an observer of the time nothing about a code: they are keyed.
-- O(wrong guesses in a day, and codes that wait).
-- Requires clock.lua, key.lua, moments.lua, record.lua, waiting.lua.
local DAY = 24 * 60 * 60 * 1000000
local code_key, failed_key, waiting_key = unpack(KEYS)
local guess, failures, life = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local delivery = tonumber(ARGV[4])

local now = clock()
local code = code_read(code_key, life)
local failed = moments_read(failed_key, DAY, now)
local function reply(status)
  local left, wait = moments_left(failed, failures, DAY, now)
  return { status, now, code and code.guesses or 0, code and code.ttl or 0, left, wait }
end

if moments_left(failed, failures, DAY, now) == 0 then
  code = nil
  return reply('failures')
end
if not code then return reply('expired') end
if code.guesses == 0 then return reply('spent') end
local waiting = waiting_read(waiting_key, delivery)

-- Pay. The code that is alive has one guess less, and does not come back with more.
code.guesses = code.guesses - 1
code_write(code_key, code)
if waiting_take(waiting, code.nonce) then waiting_write(waiting_key, waiting, delivery) end
moments_add(failed, failures, now)

if code.digest ~= guess then return reply(code.guesses > 0 and 'mismatch' or 'exhausted') end
-- Whoever proves to have the phone begins anew: no other message's code will be alive.
key_end(code_key)
key_end(failed_key)
key_end(waiting_key)
code, failed = nil, {}
return reply('verified')
