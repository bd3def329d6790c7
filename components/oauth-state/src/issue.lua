-- Stores a new state for ten minutes. Nobody knows it yet, so whatever has its name is not a state
-- that is in use: storing it twice, because the first reply was lost, is storing it once.
-- KEYS[1]  the state: "<created> <binding> <issuer> <payload>"; "used" once it is consumed
-- ARGV[1]  binding: digest of the secret that consuming takes, "-" if it takes none
-- ARGV[2]  digest of the issuer, "-" without one     ARGV[3]  payload     ARGV[4]  life (ms)
-- Reply    { 1 }
-- O(1).
local now = math.floor(clock() / 1000000)
local value = string.format('%d %s %s ', now, ARGV[1], ARGV[2]) .. ARGV[3]
redis.call('SET', KEYS[1], value, 'PX', ARGV[4])
return { 1 }
