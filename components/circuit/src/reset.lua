-- Forgets a circuit: it is closed, and nothing has ever happened to it. What DEL does, published.
-- KEYS[1]  the circuit   ARGV[1]  its policy, JSON
-- Reply    { from, to, reason }
-- O(size of the value), which is bounded.
local policy, now = cjson.decode(ARGV[1]), now_ms()
local circuit = circuit_load(KEYS[1], policy, now)
redis.call('DEL', KEYS[1])
return circuit_publish(KEYS[1], circuit.was, 'closed', 'It was reset.', now)
