-- Shows a circuit, and brings up to date what is stored of it.
-- KEYS[1]  the circuit   ARGV[1]  its policy, JSON
-- Reply    { from, to, reason, status (circuit.lua) ... }
-- O(size of the value), which is bounded.
local policy, now = cjson.decode(ARGV[1]), now_ms()
local circuit = circuit_load(KEYS[1], policy, now)
local transition = circuit_save(KEYS[1], circuit, policy, now)
return circuit_status(transition, KEYS[1], circuit, policy, now)
