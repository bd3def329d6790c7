-- Loading, saving and showing a circuit: how every script begins and ends.

local PREFIX = 'rollout:circuit:'
local EVENTS = 'rollout:events'
-- Where the answer may be another at any moment, nobody is told to wait longer than this. Neither is
-- an answer kept for longer, so that what an operator does is everywhere within a second.
local ASK_AGAIN_MS = 1000
-- While something is still to come a circuit is written this often, if it is asked: a clock that is set
-- back leaves what was to come as far away as when the circuit was last written.
local WRITE_AGAIN_MS = 1000

-- How long a circuit is kept: longer than anything in it lasts.
local function circuit_life(circuit, policy, now)
  return policy.window_s * 1000 + policy.open_max_ms + policy.permit_lease_ms + policy.recovery_ms
    + (circuit.override and circuit.override.ends - now or 0)
end

-- What is stored, and for how long it still is. A closed circuit and -2 where nothing is, and a closed
-- circuit and -1 in the place of what is no circuit.
local function circuit_read(key)
  local ttl = redis.call('PTTL', key)
  if ttl == -2 then return circuit_new(), ttl end
  -- One byte more than a value may have.
  local text = redis.pcall('GETRANGE', key, 0, MAX_VALUE)
  if type(text) == 'table' and not string.find(text.err, 'WRONGTYPE', 1, true) then error(text.err) end
  local circuit = type(text) == 'string' and circuit_decode(text)
  if circuit then return circuit, ttl end
  return circuit_new(), -1
end

-- The circuit as it is now. `is_stored` says whether there is any, `was` what it was called when it
-- was written, and `has_aged` whether time alone has changed it. O(size of the value).
local function circuit_load(key, policy, now)
  local circuit, ttl = circuit_read(key)
  circuit.is_stored, circuit.was, circuit.changed = ttl ~= -2, circuit_state(circuit), false
  moments_follow(circuit, now)
  moments_clamp(circuit, policy, now)
  circuit_settle(circuit, policy, now)
  local has_wrong_ttl = ttl == -1 or ttl > circuit_life(circuit, policy, now) + WRITE_AGAIN_MS
  local is_old = moments_wait(circuit) and circuit.at + WRITE_AGAIN_MS <= now
  circuit.has_aged = circuit.changed or has_wrong_ttl or is_old
  circuit.changed = false
  return circuit
end

-- The three elements { from, to, reason } of a reply, empty where nothing has changed. A transition is
-- published; who may not publish loses the event, and not the decision.
local function circuit_publish(key, from, to, reason, now)
  if from == to then return { '', '', '' } end
  redis.pcall('PUBLISH', EVENTS, object_json({
    'name', text_json(string.sub(key, #PREFIX + 1)),
    'from', text_json(from),
    'to', text_json(to),
    'reason', text_json(reason),
    'at', number_json(now),
  }))
  return { from, to, reason }
end

local function circuit_reason(circuit)
  return circuit.override and circuit.override.reason or circuit.reason
end

-- Stores a circuit that has changed, and returns the transition.
local function circuit_save(key, circuit, policy, now)
  if circuit.changed or circuit.has_aged then
    circuit.at = now
    local text, life = circuit_encode(circuit), circuit_life(circuit, policy, now)
    if circuit.changed then
      key_set(key, text, life)
    -- What time has done, it does again for whoever comes next. So a Redis that takes no writes can
    -- still say how things are.
    elseif not pcall(key_set, key, text, life) then
      return { '', '', '' }
    end
  end
  return circuit_publish(key, circuit.was, circuit_state(circuit), circuit_reason(circuit), now)
end

-- How long until a call may pass, in milliseconds; 0 if one may now.
local function circuit_retry_after(circuit, policy, now)
  local state = circuit_state(circuit)
  if state == 'forced_open' then return circuit.override.ends - now end
  if state == 'open' then return circuit.ends - now end
  if state == 'half_open' and #circuit.probes.leases >= policy.half_open_permits then
    local wait = ASK_AGAIN_MS
    for _, lease in ipairs(circuit.probes.leases) do wait = math.min(wait, lease[2] - now) end
    return wait
  end
  return 0
end

-- When the state began that a circuit is in; 0 if it was never another.
local function circuit_since(circuit)
  return circuit.override and circuit.override.since or circuit.since or 0
end

-- Appends the status to a reply: state, since (0 if never), generation, reason, retry_after_ms; calls,
-- failures, slow; in_flight, successes; trips; mode, ends, reason, actor of the override; ttl_ms (0: no
-- key).
local function circuit_status(reply, key, circuit, policy, now)
  local calls, failures, slow = window_sum(circuit)
  local probes = circuit.state == 'half_open' and circuit.probes or { leases = {}, successes = 0 }
  local override = circuit.override or { mode = '', ends = 0, reason = '', actor = '' }
  for _, element in ipairs({
    circuit_state(circuit), circuit_since(circuit), circuit.generation, circuit_reason(circuit),
    circuit_retry_after(circuit, policy, now),
    calls, failures, slow,
    #probes.leases, probes.successes,
    circuit.trips,
    override.mode, override.ends, override.reason, override.actor,
    math.max(0, redis.call('PTTL', key)),
  }) do reply[#reply + 1] = element end
  return reply
end
