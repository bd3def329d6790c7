-- What `command` finds under a key, false where there is nothing. A key of a type that `command`
-- is not for was written by somebody else: it is removed, and is nothing. As complex as `command`.
local function key_read(command, key, ...)
  local found = redis.pcall(command, key, ...)
  if type(found) ~= 'table' then return found end
  -- No other error is mended by a removal.
  if not string.find(found.err, 'WRONGTYPE', 1, true) then error(found.err) end
  redis.call('UNLINK', key)
  return false
end

-- Gives a key that was found without a TTL one of `life` milliseconds, and returns what it has.
-- O(1).
local function key_expire_at_all(key, life)
  local ttl = redis.call('PTTL', key)
  if ttl ~= -1 then return ttl end
  redis.call('PEXPIRE', key, life)
  return tonumber(life)
end
