-- Texts under keys. Reads come first in every script, and writes are by SET alone: whatever refuses
-- a write (memory that is used up, an ACL, a replica) refuses the first one, and nothing has changed.

-- What stands under a key, and for how many milliseconds it still will: a text, or nil where there is
-- nothing, or something that is no text. `life` is how long such a text may stand, in milliseconds.
-- One that stands for longer, because it lost its TTL or the clock was set back, stands for `life`
-- from now on. O(length of the text).
local function key_get(key, life)
  local text = redis.pcall('GET', key)
  if type(text) == 'table' then
    -- No other error is mended by writing something else.
    if not string.find(text.err, 'WRONGTYPE', 1, true) then error(text.err) end
    redis.call('SET', key, '', 'PX', 1)
    return nil
  end
  if not text then return nil end
  local ttl = redis.call('PTTL', key)
  if text == '' then
    -- An end of key_end's has a TTL; another empty text may have none.
    if ttl < 0 then redis.call('SET', key, '', 'PX', 1) end
    return nil
  end
  if ttl < 0 or ttl > life then
    redis.call('SET', key, text, 'PX', life)
    return text, life
  end
  return text, math.max(1, ttl)
end

-- Writes a text that stands for `life` milliseconds. O(length of the text).
local function key_set(key, text, life)
  redis.call('SET', key, text, 'PX', string.format('%.0f', math.max(1, life)))
end

-- Removes what stands under a key, within a millisecond. By SET and not by DEL: a decision that has
-- paid by SET and may be refused DEL would tell a right guess from a wrong one. O(1).
local function key_end(key)
  redis.call('SET', key, '', 'PX', 1)
end
