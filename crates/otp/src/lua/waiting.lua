-- The codes whose messages are on their way and that are not alive yet, or may have to become so
-- again: "<nonce> <digest>", separated by ";", for as long as a delivery may take. A code at which
-- somebody has guessed is not among them, so that none comes back with all its guesses.
-- Requires key.lua.

local WAITING_MOST = 100

-- The codes under a key: a list of { nonce, digest }. O(codes).
local function waiting_read(key, life)
  local waiting = {}
  for nonce, digest in string.gmatch(key_get(key, life) or '', '([%w_-]+) ([%w_-]+)') do
    waiting[#waiting + 1] = { nonce, digest }
  end
  return waiting
end

local function waiting_write(key, waiting, life)
  if #waiting == 0 then return key_end(key) end
  local texts = {}
  for index, it in ipairs(waiting) do texts[index] = it[1] .. ' ' .. it[2] end
  key_set(key, table.concat(texts, ';'), life)
end

-- Adds a code to a list, and stores it. O(codes).
local function waiting_add(key, waiting, nonce, digest, life)
  waiting[#waiting + 1] = { nonce, digest }
  while #waiting > WAITING_MOST do table.remove(waiting, 1) end
  waiting_write(key, waiting, life)
end

-- Takes the code of `nonce` out of a list, and returns its digest, or nil. O(codes).
local function waiting_take(waiting, nonce)
  for index, it in ipairs(waiting) do
    if it[1] == nonce then
      table.remove(waiting, index)
      return it[2]
    end
  end
  return nil
end
