-- Stores a new state for ten minutes. Nobody knows it yet, so whatever has its name is not a state
-- that is in use: storing it twice, because the first reply was lost, is storing it once.
-- KEYS[1]  the state: "<created> <binding> <secret> <issuer> <payload>"; "used" once it is consumed
-- ARGV[1]  binding: cookie, token or none
-- ARGV[2]  digest of the secret that the cookie or token holds, "-" without one
-- ARGV[3]  digest of the issuer, "-" without one     ARGV[4]  payload     ARGV[5]  life (ms)
-- Reply    { 1 }
-- O(length of the payload). Requires clock.lua, key.lua.
local now = math.floor(clock() / 1000000)
local head = string.format('%d %s %s %s ', now, ARGV[1], ARGV[2], ARGV[3])
key_set(KEYS[1], head .. ARGV[4], tonumber(ARGV[5]))
return { 1 }
