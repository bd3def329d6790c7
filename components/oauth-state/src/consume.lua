-- Checks a state against the browser and the issuer that bring it, and uses it up, whatever comes
-- of the checks. What stays until its time is over tells a replay from a state that never was.
-- KEYS[1]  the state (issue.lua)
-- ARGV[1]  digests of the secrets that were brought, separated by spaces
-- ARGV[2]  digest of the issuer that was brought, "-" without one
-- ARGV[3]  life of a state (ms)
-- Reply    { outcome, created, payload }
--          outcome is consumed, expired, replayed, binding or issuer; the others are 0 and "" for
--          all but consumed.
-- O(secrets brought).
local function reply(outcome, created, payload)
  return { outcome, created or 0, payload or '' }
end

local value = key_read('GET', KEYS[1])
if not value then return reply('expired') end
key_expire_at_all(KEYS[1], ARGV[3])
if value == 'used' then return reply('replayed') end
local created, binding, issuer, payload = string.match(value, '^(%d+) (%S+) (%S+) (.*)$')
if not created or #created > 12 then
  redis.call('DEL', KEYS[1])
  return reply('expired')
end

redis.call('SET', KEYS[1], 'used', 'KEEPTTL')
if binding ~= '-' then
  local brought = false
  for secret in string.gmatch(ARGV[1], '%S+') do brought = brought or secret == binding end
  if not brought then return reply('binding') end
end
if issuer ~= '-' and issuer ~= ARGV[2] then return reply('issuer') end
return reply('consumed', tonumber(created), payload)
