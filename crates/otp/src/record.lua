-- An outstanding code: the text "<guesses left> <sends> <nonce> <digest>".
-- `sends` counts the messages that carry it and have not failed; nonce and digest are base64url.

-- A longer number was written by somebody else, and may be none that a reply can hold.
local MAX_DIGITS = 9

-- The record as a table, with its text and its life (ms), or nil if there is none. Something else
-- that stands in its place is removed. O(1).
local function code_read(key, life)
  local text = key_read('GET', key)
  if not text then return nil end
  local guesses, sends, nonce, digest = string.match(text, '^(%d+) (%d+) ([%w_-]+) ([%w_-]+)$')
  if not guesses or #guesses > MAX_DIGITS or #sends > MAX_DIGITS then
    redis.call('DEL', key)
    return nil
  end
  return { guesses = tonumber(guesses), sends = tonumber(sends), nonce = nonce, digest = digest,
    text = text, ttl = key_expire_at_all(key, life) }
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
