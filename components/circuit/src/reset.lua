-- Forgets what has happened to a circuit: it is closed, and no override lies over it. It goes on
-- counting its generations, so that news from before, and permits from before, change nothing.
-- KEYS[1]  the circuit   ARGV[1]  its policy, JSON
-- Reply    { from, to, reason }
-- O(size of the value), which is bounded.
local policy, now = cjson.decode(ARGV[1]), now_ms()
local circuit = circuit_load(KEYS[1], policy, now)
-- Of what is not stored there is nothing to forget.
if circuit.is_stored then reset(circuit, now) end
return circuit_save(KEYS[1], circuit, policy, now)
