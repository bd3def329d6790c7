-- Checks a state against the browser and the issuer that bring it, and uses it up, whatever comes
-- of the checks. What stays until its time is over tells a replay from a state that never was.
-- Reads first. Then it pays by SET, before anything is compared, and writes nothing after that: where
-- Redis refuses to write, a wrong secret and the right one are refused alike.
-- KEYS[1]  the state (issue.lua)
-- ARGV[1]  digests of the cookies that were brought, separated by spaces
-- ARGV[2]  digest of the token that was brought, "-" without one
-- ARGV[3]  how the flow must be bound: cookie or token; none: it need not be; "-": by either
-- ARGV[4]  digest of the issuer that was brought, "-" without one
-- ARGV[5]  life of a state (ms)
-- Reply    { outcome, created, binding, payload }
--          outcome is consumed, expired, replayed, unbound (it is bound to nobody), otherwise (it is not
--          bound as ARGV[3] says), binding (the secret did not come) or issuer; the rest is 0 and ""
--          for all but consumed.
-- O(length of the payload + cookies brought). Requires clock.lua, key.lua.
local function reply(outcome, created, binding, payload)
  return { outcome, created or 0, binding or '', payload or '' }
end

local life = tonumber(ARGV[5])
local value, ttl = key_get(KEYS[1], life)
if not value then return reply('expired') end
if value == 'used' then return reply('replayed') end
local created, binding, secret, issuer, payload =
  string.match(value, '^(%d+) (%l+) (%S+) (%S+) (.*)$')
local known = binding == 'cookie' or binding == 'token' or binding == 'none'
-- A moment that is still to come was written by a clock that has been set back: it is now.
local now = math.floor(clock() / 1000000)
created = math.min(tonumber(created) or 0, now)
if not known or now - created > life / 1000 then
  key_end(KEYS[1])
  return reply('expired')
end

key_set(KEYS[1], 'used', ttl)
if binding == 'none' then
  if ARGV[3] ~= 'none' then return reply('unbound') end
else
  if ARGV[3] ~= binding and ARGV[3] ~= 'none' and ARGV[3] ~= '-' then return reply('otherwise') end
  local brought = false
  local secrets = binding == 'cookie' and ARGV[1] or ARGV[2]
  for it in string.gmatch(secrets, '%S+') do brought = brought or it == secret end
  if not brought then return reply('binding') end
end
if issuer ~= '-' and issuer ~= ARGV[4] then return reply('issuer') end
return reply('consumed', created, binding, payload)
