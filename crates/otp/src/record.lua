-- An outstanding code: the text "<guesses left> <sends> <nonce> <digest>".
-- `sends` counts the messages that carry it and have not failed; nonce and digest are base64url.

-- A longer number was written by somebody else, and may be none that a reply can hold.
local MAX_DIGITS = 9

-- Gives a key that was found without a TTL one of `life` milliseconds. O(1).
local function expire_at_all(key, life)
  if redis.call('PTTL', key) == -1 then redis.call('PEXPIRE', key, life) end
end

-- The record as a table, or nil if there is none. Something else that stands in its place is
-- removed. O(1).
local function code_read(key, life)
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then return nil end
  if kind == 'string' then
    expire_at_all(key, life)
    local guesses, sends, nonce, digest =
      string.match(redis.call('GET', key), '^(%d+) (%d+) ([%w_-]+) ([%w_-]+)$')
    if guesses and #guesses <= MAX_DIGITS and #sends <= MAX_DIGITS then
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
