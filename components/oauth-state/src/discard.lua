-- Takes back a state that nobody has been told of.
-- KEYS[1]  the state
-- Reply    { 1 }
-- O(1).
redis.call('DEL', KEYS[1])
return { 1 }
