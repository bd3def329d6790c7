-- A message has been handed over, or may have been: its code is alive from now on, in the place of
-- the one before, and its request is answered.
-- KEYS[1]  the code (record.lua)          KEYS[2]  the codes that wait (waiting.lua)
-- KEYS[3]  the record of the idempotency key (idempotency.lua); absent without one
-- ARGV[1]  nonce of the code   ARGV[2]  a code's life (ms)   ARGV[3]  guesses at a code
-- ARGV[4]  how long a delivery may take (ms)   ARGV[5]  the attempt (reserve.lua)
-- ARGV[6]  what was answered: "sent" or "unconfirmed"
-- Reply    { 1 }
-- Twice is as good as once: a code that has become alive waits no longer.
-- O(codes that wait). Requires key.lua, record.lua, waiting.lua, idempotency.lua.
local code_key, waiting_key, record_key = unpack(KEYS)
local nonce, life, guesses = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local delivery, attempt, status = tonumber(ARGV[4]), ARGV[5], ARGV[6]

local code = code_read(code_key, life)
local waiting = waiting_read(waiting_key, delivery)
local record = record_key and idempotency_read(record_key, life + delivery)

local digest = waiting_take(waiting, nonce)
if digest then
  waiting_write(waiting_key, waiting, delivery)
  if not code or code.nonce ~= nonce then
    code_write(code_key,
      { guesses = guesses, messages = 1, nonce = nonce, digest = digest, ttl = life })
  end
end
if record and record.attempt == attempt then
  record.deadline, record.status = 0, status
  idempotency_write(record_key, record, life + delivery)
end
return { 1 }
