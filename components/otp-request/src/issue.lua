-- Decides whether a phone may be sent a code now, and which one. Counts and stores what it allows.
-- KEYS[1]  the code         KEYS[2]  the log of sends     KEYS[3]  the log of wrong guesses
-- KEYS[4]  the idempotency record: "<fingerprint> <deadline> <ttl> <wait> <guesses>"
-- KEYS[5..7]  the first three under the previous secret; absent unless it is being rotated
-- ARGV[1]  sends in a minute    ARGV[2]  wrong guesses in a day
-- ARGV[3]  a code's life (ms)   ARGV[4]  guesses at a code   ARGV[5]  "same" or "new": on a resend
-- ARGV[6]  nonce of the code to store, if a new one is needed     ARGV[7]  its digest
-- ARGV[8]  fingerprint of the request, "" without an idempotency key
-- ARGV[9]  how long a delivery may take (ms), after which its request is taken for answered
-- Reply    { status, now, sends left, wait, failures left, wait,
--            moment of this send, life of the code (ms), guesses, wait before the next send,
--            nonce, digest, the code that was replaced, its life (ms) }
--          status is send, refused, repeated, in-flight or reused; times are microseconds; members
--          that have no meaning for a status are 0 or "".
-- O(1) amortised.
local MINUTE, DAY = 60 * 1000000, 24 * 60 * 60 * 1000000
local now = clock()
for i = 1, 3 do adopt(KEYS[4 + i], KEYS[i]) end

local code = code_read(KEYS[1], ARGV[3])
local sends_log = window_read(KEYS[2], tonumber(ARGV[1]), MINUTE, now)
local sends, sends_wait = window_left(sends_log, now)
local failures, failures_wait = window_left(window_read(KEYS[3], tonumber(ARGV[2]), DAY, now), now)
local former, former_ttl = '', 0
local function reply(status, moment, ttl, guesses, wait, nonce, digest)
  return { status, now, sends, sends_wait, failures, failures_wait,
    moment or 0, ttl or 0, guesses or 0, wait or 0, nonce or '', digest or '', former, former_ttl }
end

-- The idempotency record, or nil. Something else that stands in its place is removed. O(1).
local function answered(key)
  local text = key_read('GET', key)
  if not text then return nil end
  local of, deadline, ttl, wait, guesses =
    string.match(text, '^(%S+) (%d+) (%d+) (%d+) (%d+)$')
  if not of or math.max(#deadline, #ttl, #wait, #guesses) > 16 then
    redis.call('DEL', key)
    return nil
  end
  key_expire_at_all(key, ARGV[3])
  return { of = of, deadline = tonumber(deadline),
    ttl = tonumber(ttl), wait = tonumber(wait), guesses = tonumber(guesses) }
end

local fingerprint = ARGV[8]
local known = fingerprint ~= '' and answered(KEYS[4])
if known then
  if known.of ~= fingerprint then return reply('reused') end
  if known.deadline > now then return reply('in-flight', 0, 0, 0, known.deadline - now) end
  return reply('repeated', 0, known.ttl, known.guesses, known.wait)
end

if sends == 0 or failures == 0 then return reply('refused') end

if code and code.guesses > 0 and ARGV[5] == 'same' then
  code.sends = code.sends + 1
  code_write(KEYS[1], code)
else
  if code then former, former_ttl = code.text, code.ttl end
  code = { guesses = tonumber(ARGV[4]), sends = 1, nonce = ARGV[6], digest = ARGV[7],
    ttl = tonumber(ARGV[3]) }
  code_write(KEYS[1], code, ARGV[3])
end
local moment = window_add(sends_log, now)
sends, sends_wait = window_left(sends_log, now)

local ttl = math.max(1, code.ttl)
local wait = sends > 0 and 0 or sends_wait
if fingerprint ~= '' then
  local record = string.format('%s %.0f %d %.0f %d',
    fingerprint, now + tonumber(ARGV[9]) * 1000, ttl, wait, code.guesses)
  redis.call('SET', KEYS[4], record, 'PX', ttl)
end
return reply('send', moment, ttl, code.guesses, wait, code.nonce, code.digest)
