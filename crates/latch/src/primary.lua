-- A replica knows what its primary has told it, and may have lost its primary: it decides nothing, not
-- even what takes no write. A SET that changes nothing is a write all the same, so a server that takes
-- no writes refuses it. Where it is refused for another reason, such as memory, the script goes on.
-- O(1).
if KEYS[1] then
  local condition = redis.call('EXISTS', KEYS[1]) == 1 and 'NX' or 'XX'
  local done = redis.pcall('SET', KEYS[1], '', 'PX', 1, condition)
  if type(done) == 'table' and done.err then
    for _, code in ipairs({ 'READONLY', 'NOREPLICAS' }) do
      if string.find(done.err, code, 1, true) then
        return redis.error_reply(code .. ' No decision by a server that takes no writes.')
      end
    end
  end
end
