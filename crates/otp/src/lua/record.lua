-- An outstanding code: the text "<guesses left> <messages> <nonce> <digest>", for as long as the code
-- lives. `messages` counts those that carry the code and have not failed; nonce and digest are
-- base64url.
-- Requires key.lua.

-- A longer number was written by somebody else, and may be none that a reply can hold.
local CODE_DIGITS = 9

-- The code under a key, with its remaining life `ttl` (ms), or nil. Something else that stands there
-- is removed. O(1).
local function code_read(key, life)
  local text, ttl = key_get(key, life)
  if not text then return nil end
  local guesses, messages, nonce, digest = string.match(text, '^(%d+) (%d+) ([%w_-]+) ([%w_-]+)$')
  if not guesses or math.max(#guesses, #messages) > CODE_DIGITS then
    key_end(key)
    return nil
  end
  return { guesses = tonumber(guesses), messages = tonumber(messages), nonce = nonce,
    digest = digest, ttl = ttl }
end

-- Stores a code for the rest of its life. O(1).
local function code_write(key, code)
  local text = string.format('%d %d %s %s', code.guesses, code.messages, code.nonce, code.digest)
  key_set(key, text, code.ttl)
end
