-- A message is known not to have been handed over: it does not count, and a code that no other
-- message carries is gone. A code that it would have replaced was never touched.
-- KEYS[1]  the code (record.lua)          KEYS[2]  the log of messages (moments.lua)
-- KEYS[3]  the codes that wait (waiting.lua)
-- KEYS[4]  the record of the idempotency key (idempotency.lua); absent without one
-- ARGV[1]  moment of the message   ARGV[2]  nonce of its code   ARGV[3]  a code's life (ms)
-- ARGV[4]  how long a delivery may take (ms)   ARGV[5]  the attempt (reserve.lua)
-- Reply    { 1 }
-- Twice is as good as once: a message that is not in the log any more was taken back before. Or
-- another decision has moved it, since the clock was set back: then it goes on to count.
-- O(messages in a day). Requires clock.lua, key.lua, moments.lua, record.lua, waiting.lua,
-- idempotency.lua.
local DAY = 24 * 60 * 60 * 1000000
local code_key, sent_key, waiting_key, record_key = unpack(KEYS)
local moment, nonce, life = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local delivery, attempt = tonumber(ARGV[4]), ARGV[5]

local code = code_read(code_key, life)
-- Before a clock that was set back moves it.
local stored = moments_stored(sent_key, DAY)
local counts = moments_remove(stored, moment)
local sent = moments_seen(stored, DAY, clock())
local waiting = waiting_read(waiting_key, delivery)
local record = record_key and idempotency_read(record_key, life + delivery)

if counts then moments_write(sent) end
if waiting_take(waiting, nonce) then waiting_write(waiting_key, waiting, delivery) end
if counts and code and code.nonce == nonce then
  code.messages = code.messages - 1
  if code.messages > 0 then code_write(code_key, code) else key_end(code_key) end
end
if record and record.attempt == attempt then key_end(record_key) end
return { 1 }
