-- Lays an override over a circuit, in the place of one that may be there, or lifts it.
-- KEYS[1]  the circuit                   ARGV[1]  its policy, JSON
-- ARGV[2]  mode; "" lifts the override   ARGV[3]  for how long, in milliseconds
-- ARGV[4]  why                           ARGV[5]  who
-- Reply    { from, to, reason, status (circuit.lua) ... }
-- O(size of the value), which is bounded.
local policy, now = cjson.decode(ARGV[1]), now_ms()
local circuit = circuit_load(KEYS[1], policy, now)
lay(circuit, ARGV[2] ~= '' and
  { mode = ARGV[2], since = now, ends = now + ARGV[3], reason = ARGV[4], actor = ARGV[5] } or nil)
local transition = circuit_save(KEYS[1], circuit, policy, now)
return circuit_status(transition, KEYS[1], circuit, policy, now)
