-- Marks a request with an idempotency key as answered: its delivery has succeeded.
-- KEYS[1]  the idempotency record   ARGV[1]  a code's life (ms)
-- Reply    { 1 }
-- O(1).
local record = key_read('GET', KEYS[1])
if record then
  redis.call('SET', KEYS[1], (string.gsub(record, '^(%S+) %d+', '%1 0')), 'KEEPTTL')
  key_expire_at_all(KEYS[1], ARGV[1])
end
return { 1 }
