-- Takes back a send that did not come about: as if it had never been asked for. A code that no
-- other message carries goes with it, and what this very send replaced is alive again.
-- KEYS[1]  the code   KEYS[2]  the log of sends   KEYS[3]  the idempotency record
-- ARGV[1]  moment of the send   ARGV[2]  nonce of the code that it carried   ARGV[3]  life (ms)
-- ARGV[4]  the code that was replaced, "" for none      ARGV[5]  its life then (ms)
-- Reply    { 1 }
-- O(sends in a minute).
-- A send that is no longer in the log was taken back before, by a run whose reply was lost.
if not window_forget(KEYS[2], ARGV[1]) then return { 1 } end
local code = code_read(KEYS[1], ARGV[3])
if code and code.nonce == ARGV[2] then
  code.sends = code.sends - 1
  -- Both have grown older by the same time since.
  local former_ttl = ARGV[5] - (ARGV[3] - code.ttl)
  if code.sends > 0 then
    code_write(KEYS[1], code)
  elseif ARGV[4] ~= '' and former_ttl > 0 then
    redis.call('SET', KEYS[1], ARGV[4], 'PX', string.format('%.0f', former_ttl))
  else
    redis.call('DEL', KEYS[1])
  end
end
redis.call('DEL', KEYS[3])
return { 1 }
