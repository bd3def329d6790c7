-- Decides whether a phone may be sent a code now, and which one. Counts the message that it allows.
-- A code where there is none is alive at once: its message may be there before the gateway has said
-- so. One that replaces another waits until its message is handed over (commit.lua). So that the code
-- of the message that was handed over last is the one that is alive, the first waits too if others do
-- or may.
-- KEYS[1]  the code (record.lua)          KEYS[2]  the log of messages (moments.lua)
-- KEYS[3]  the log of wrong guesses       KEYS[4]  the codes that wait (waiting.lua)
-- KEYS[5]  the record of the idempotency key (idempotency.lua); absent without one
-- ARGV[1..3]  messages in a minute, an hour and a day    ARGV[4]  wrong guesses in a day
-- ARGV[5]  a code's life (ms)   ARGV[6]  guesses at a code
-- ARGV[7]  "same" or "new": which code is sent while one is alive
-- ARGV[8]  nonce of the code to store, if a new one is needed, which also names this attempt
-- ARGV[9]  its digest           ARGV[10]  how nonces begin of codes that can be made again
-- ARGV[11] how long a delivery may take (ms)
-- ARGV[12] 1 if another code of this phone may be alive elsewhere, which a new one replaces
-- ARGV[13] fingerprint of the request; absent without an idempotency key
-- Reply    { status, now, left and wait for each of ARGV[1..4], nonce, digest, life of the code (ms),
--            guesses, wait before the next message, moment of this one, waits (1 or 0), answer }
--          status is send, refused, repeated, in-flight or reused; times are microseconds; members
--          that have no meaning for a status are 0 or "". `answer` is that of a repeated request.
-- O(messages in a day, and codes that wait).
-- Requires clock.lua, key.lua, moments.lua, record.lua, waiting.lua, idempotency.lua.
local MINUTE, HOUR, DAY = 60 * 1000000, 60 * 60 * 1000000, 24 * 60 * 60 * 1000000
-- A code that would end sooner is not worth sending again.
local RENEW_MS = 60 * 1000

local code_key, sent_key, failed_key, waiting_key, record_key = unpack(KEYS)
local sends = {
  { limit = tonumber(ARGV[1]), period = MINUTE },
  { limit = tonumber(ARGV[2]), period = HOUR },
  { limit = tonumber(ARGV[3]), period = DAY },
}
local failures, life, guesses = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local resend, attempt, digest, maker = ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local delivery, is_elsewhere, fingerprint = tonumber(ARGV[11]), ARGV[12] == '1', ARGV[13]

local now = clock()
local code = code_read(code_key, life)
local sent = moments_read(sent_key, DAY, now)
local failed = moments_read(failed_key, DAY, now)
local record = record_key and idempotency_read(record_key, life + delivery)

local function reply(status, its)
  its = its or {}
  local reply = { status, now }
  for _, window in ipairs(sends) do
    local left, wait = moments_left(sent, window.limit, window.period, now)
    reply[#reply + 1], reply[#reply + 2] = left, wait
  end
  local left, wait = moments_left(failed, failures, DAY, now)
  reply[#reply + 1], reply[#reply + 2] = left, wait
  for _, element in ipairs({
    its.nonce or '', its.digest or '', its.ttl or 0, its.guesses or 0,
    its.wait or 0, its.moment or 0, its.waits or 0, its.answer or '',
  }) do reply[#reply + 1] = element end
  return reply
end

-- How long until this phone may be sent another message; 0 if it may now.
local function wait_for_next()
  local longest = 0
  for _, window in ipairs(sends) do
    local left, wait = moments_left(sent, window.limit, window.period, now)
    if left == 0 then longest = math.max(longest, wait) end
  end
  return longest
end

if record then
  if record.fingerprint ~= fingerprint then return reply('reused') end
  if record.deadline > now + delivery * 1000 then
    -- The clock has been set back.
    record.deadline = now + delivery * 1000
    idempotency_write(record_key, record, life + delivery)
  end
  if record.deadline > now then return reply('in-flight') end
  -- Nobody knows what came of one that should be over and is not.
  if record.deadline > 0 then record.status = 'unconfirmed' end
  return reply('repeated',
    { ttl = record.ttl, guesses = record.guesses, wait = record.wait, answer = record.status })
end

if wait_for_next() > 0 or moments_left(failed, failures, DAY, now) == 0 then
  return reply('refused')
end

local function can_be_sent_again()
  if resend ~= 'same' or not code or code.guesses == 0 then return false end
  if code.ttl < math.min(RENEW_MS, life / 2) then return false end
  return string.sub(code.nonce, 1, #maker) == maker
end

local waiting = waiting_read(waiting_key, delivery)

-- Pay.
local moment = moments_add(sent, math.max(sends[1].limit, sends[2].limit, sends[3].limit), now)

local waits = false
if can_be_sent_again() then
  code.messages = code.messages + 1
  code_write(code_key, code)
  -- Several messages carry it now: it is alive, and does not become so once more by one of them.
  if waiting_take(waiting, code.nonce) then waiting_write(waiting_key, waiting, delivery) end
else
  local is_first = not code and not is_elsewhere
  waits = not is_first or resend == 'new' or #waiting > 0
  code = { guesses = guesses, messages = 1, nonce = attempt, digest = digest, ttl = life }
  if is_first then code_write(code_key, code) end
  if waits then waiting_add(waiting_key, waiting, attempt, digest, delivery) end
end

local wait = wait_for_next()
if record_key then
  idempotency_write(record_key, { fingerprint = fingerprint, attempt = attempt,
    deadline = now + delivery * 1000, status = 'sent', ttl = code.ttl, wait = wait,
    guesses = code.guesses }, life + delivery)
end
return reply('send', { nonce = code.nonce, digest = code.digest, ttl = code.ttl,
  guesses = code.guesses, wait = wait, moment = moment, waits = waits and 1 or 0 })
