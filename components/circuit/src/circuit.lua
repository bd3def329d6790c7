-- Loading, saving and showing a circuit: how every script begins and ends.

local PREFIX = 'rollout:circuit:'
local EVENTS = 'rollout:events'
local WEEK_MS = 7 * 24 * 60 * 60 * 1000
-- Where the answer may be another at any moment, nobody is told to wait longer than this.
local ASK_AGAIN_MS = 1000

local function now_ms() return math.floor(clock() / 1000) end

-- No moment lies further away than the policy could have put it, however it got there.
local function circuit_clamp(circuit, policy, now)
  local function clamp(it, member, most)
    if it and it[member] and it[member] > most then it[member], circuit.changed = most, true end
  end
  clamp(circuit, 'since', now)
  clamp(circuit.override, 'since', now)
  clamp(circuit.override, 'ends', now + WEEK_MS)
  if circuit.state == 'open' then clamp(circuit, 'ends', circuit.since + policy.open_max_ms) end
  if circuit.state == 'half_open' then
    for _, lease in ipairs(circuit.probes.leases) do clamp(lease, 2, now + policy.permit_lease_ms) end
  end
end

-- What is stored, or nil. What is no circuit is removed, and what has no TTL will get one.
local function circuit_read(key)
  local ttl = redis.call('PTTL', key)
  if ttl == -2 then return nil end
  -- One byte more than a value may have.
  local value = key_read('GETRANGE', key, 0, MAX_VALUE)
  local circuit = value and circuit_decode(value)
  if not circuit then
    redis.call('UNLINK', key)
    return nil
  end
  circuit.changed = ttl == -1
  return circuit
end

-- The circuit as it is now. O(size of the value).
local function circuit_load(key, policy, now)
  local circuit = circuit_read(key) or circuit_new()
  circuit.was = circuit_state(circuit)
  circuit_clamp(circuit, policy, now)
  circuit_settle(circuit, policy, now)
  return circuit
end

-- Publishes a transition, and returns the three elements { from, to, reason } of a reply. Where
-- nothing has changed they are empty.
local function circuit_publish(key, from, to, reason, now)
  if from == to then return { '', '', '' } end
  redis.call('PUBLISH', EVENTS, object_json({
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

-- Stores a circuit that has changed, for longer than anything in it lasts. Returns the transition.
local function circuit_save(key, circuit, policy, now)
  if circuit.changed then
    local life = policy.window_s * 1000 + policy.open_max_ms + policy.permit_lease_ms
      + policy.recovery_ms + (circuit.override and circuit.override.ends - now or 0)
    redis.call('SET', key, circuit_encode(circuit), 'PX', number_json(life))
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

-- Appends the status to a reply: state, since (0 if never), reason, retry_after_ms; calls, failures,
-- slow; in_flight, successes; trips; mode, ends, reason, actor of the override; ttl_ms (0: no key).
local function circuit_status(reply, key, circuit, policy, now)
  local calls, failures, slow = window_sum(circuit)
  local probes = circuit.state == 'half_open' and circuit.probes or { leases = {}, successes = 0 }
  local override = circuit.override or { mode = '', ends = 0, reason = '', actor = '' }
  for _, element in ipairs({
    circuit_state(circuit), override.since or circuit.since or 0, circuit_reason(circuit),
    circuit_retry_after(circuit, policy, now),
    calls, failures, slow,
    #probes.leases, probes.successes,
    circuit.trips,
    override.mode, override.ends, override.reason, override.actor,
    math.max(0, redis.call('PTTL', key)),
  }) do reply[#reply + 1] = element end
  return reply
end
