-- Decides whether a call may pass.
-- KEYS[1]  the circuit   ARGV[1]  its policy, JSON
-- Reply    { from, to, reason, allowed (1 or 0), state, since (0 if it was never another), generation,
--          permit, retry_after_ms, cache_ms }
--          from, to and reason are those of a transition, "" without one; permit is "" unless
--          half_open lends one.
-- O(size of the value), which is bounded.

-- The longest that a client may go by an answer while all is well. It learns of a trip that much later.
local WELL_MS = 500
-- The longest that a client may go by a refusal while probes are out. A probe may be back sooner.
local PROBING_MS = 50

local policy, now = cjson.decode(ARGV[1]), now_ms()
local circuit = circuit_load(KEYS[1], policy, now)
local state = circuit_state(circuit)

local function answer(allowed, wait, cache, permit)
  local from, to, reason = unpack(circuit_save(KEYS[1], circuit, policy, now))
  return {
    from, to, reason, allowed, state, circuit_since(circuit), circuit.generation, permit or '', wait, cache,
  }
end
local function allow(cache, permit) return answer(1, 0, cache, permit) end
local function refuse(wait, cache) return answer(0, wait, cache) end

if circuit.override then
  local left = circuit.override.ends - now
  local cache = math.min(ASK_AGAIN_MS, left)
  if state == 'forced_open' then return refuse(left, cache) end
  return allow(cache)
end

if state == 'closed' then
  local is_well = window_is_well(circuit, policy)
  return allow(is_well and math.min(WELL_MS, math.floor(policy.open_ms / 10)) or 0)
end

if state == 'half_open' then
  local probes = circuit.probes
  if #probes.leases >= policy.half_open_permits then
    local wait = circuit_retry_after(circuit, policy, now)
    return refuse(wait, math.min(PROBING_MS, wait))
  end
  probes.issued = probes.issued + 1
  table.insert(probes.leases, { probes.issued, now + policy.permit_lease_ms })
  circuit.changed = true
  return allow(0, number_json(probes.generation) .. '-' .. number_json(probes.issued))
end

if state == 'recovering' then
  -- Each call brings the share that may pass, in thousandths; a whole one lets a call through. So
  -- each call has to ask, and no answer is kept.
  local passed = now - circuit.since
  local share = 100 + math.floor(900 * passed / policy.recovery_ms)
  circuit.credit, circuit.changed = circuit.credit + share, true
  if circuit.credit < 1000 then return refuse(math.min(ASK_AGAIN_MS, policy.recovery_ms - passed), 0) end
  circuit.credit = circuit.credit - 1000
  return allow(0)
end

local wait = circuit_retry_after(circuit, policy, now)
return refuse(wait, math.min(ASK_AGAIN_MS, wait))
