-- What is remembered of a request with an idempotency key: the text
-- "<fingerprint> <attempt> <deadline> <status> <life> <wait> <guesses>". The deadline (microseconds
-- since 1970) is when the request will be over, 0 once it is; the last four are what it is answered.
-- It lives for as long as a code and a delivery together, so it outlasts both.
-- Requires key.lua.

local IDEMPOTENCY_DIGITS = 16

-- The record under a key, or nil. Something else that stands there is removed. O(1).
local function idempotency_read(key, life)
  local text = key_get(key, life)
  if not text then return nil end
  local fingerprint, attempt, deadline, status, ttl, wait, guesses =
    string.match(text, '^([%w_-]+) ([%w_-]+) (%d+) (%l+) (%d+) (%d+) (%d+)$')
  if not fingerprint or math.max(#deadline, #ttl, #wait, #guesses) > IDEMPOTENCY_DIGITS then
    key_end(key)
    return nil
  end
  return { fingerprint = fingerprint, attempt = attempt, deadline = tonumber(deadline),
    status = status, ttl = tonumber(ttl), wait = tonumber(wait), guesses = tonumber(guesses) }
end

local function idempotency_write(key, record, life)
  key_set(key, string.format('%s %s %.0f %s %.0f %.0f %.0f', record.fingerprint, record.attempt,
    record.deadline, record.status, record.ttl, record.wait, record.guesses), life)
end
