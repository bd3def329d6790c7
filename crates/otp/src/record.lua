-- An outstanding code: the text "<guesses left> <sends> <nonce> <digest>".
-- `sends` counts the messages that carry it and have not failed; nonce and digest are base64url.

-- The record as a table, or nil if there is none or something else stands there. A key without a
-- TTL did not come from Latch, so it is no code either: it is removed. O(1).
local function code_read(key)
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then return nil end
  if kind == 'string' and redis.call('PTTL', key) ~= -1 then
    local guesses, sends, nonce, digest =
      string.match(redis.call('GET', key), '^(%d+) (%d+) (%S+) (%S+)$')
    if guesses then
      return { guesses = tonumber(guesses), sends = tonumber(sends), nonce = nonce, digest = digest }
    end
  end
  redis.call('DEL', key)
  return nil
end

-- Stores the record, for `ttl` milliseconds, or for as long as it had left. O(1).
local function code_write(key, code, ttl)
  local value = string.format('%d %d %s %s', code.guesses, code.sends, code.nonce, code.digest)
  if ttl then
    redis.call('SET', key, value, 'PX', ttl)
  else
    redis.call('SET', key, value, 'KEEPTTL')
  end
end
