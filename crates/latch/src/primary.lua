-- A replica knows what its primary has told it, and may have lost its primary: it decides nothing, not
-- even what takes no write. GETEX without an option changes nothing and counts as a write, so a server
-- that takes no writes refuses it. Where it fails for another reason, such as a key of another type,
-- the script goes on. O(length of the value).
local primary = KEYS[1] and redis.pcall('GETEX', KEYS[1])
if type(primary) == 'table' then
  for _, code in ipairs({ 'READONLY', 'NOREPLICAS' }) do
    if string.find(primary.err or '', code, 1, true) then
      return redis.error_reply(code .. ' No decision by a server that takes no writes.')
    end
  end
end
