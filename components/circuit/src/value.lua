-- A circuit as Redis keeps it: one JSON text that a person can read. Moments are milliseconds since
-- 1970, by Redis's clock.
--   state      closed, open, half_open or recovering
--   since      when that began; null if it was never else
--   generation how many transitions there have been, those of overrides and resets among them
--   reason     why, in words
--   ends       open: when probes may begin
--   probes     half_open: {"generation", "successes", "slow", "issued", "leases": [[number, ends], ...]};
--              a permit is called <generation>-<number>
--   credit     recovering: thousandths of a call that have come together for the next to pass
--   trips      how often it has opened since it was last closed
--   window     [[start, calls, failures, slow], ...], the oldest first
--   reporters  [[who, when], ...]: the last to report trouble, the latest at the end
--   override   {"mode", "since", "ends", "reason", "actor"}
--   at         when this was written
-- A value of the release before has no generation and no `at`.

-- What bounds the size of a value. Policies and requests keep to it.
local MAX_VALUE = 4096
local MAX_NUMBER = 1e15
local MAX_COUNT = 1e9
local MAX_BUCKETS = 10
local MAX_LEASES = 32
local MAX_REPORTERS = 10
local MAX_REPORTER = 64
local MAX_REASON = 100
-- What operators write: 200 and 64 characters of four bytes.
local MAX_OVERRIDE_REASON = 800
local MAX_ACTOR = 256

local MODES = { forced_open = true, disabled = true, metrics_only = true }

local function circuit_new()
  return {
    state = 'closed', generation = 0, reason = 'Nothing has tripped it.', trips = 0,
    window = {}, reporters = {}, at = 0,
  }
end

-- cjson would write 1.7e+12, {} for an empty list, and a backslash before every slash.
local function number_json(value) return value and string.format('%.0f', value) or 'null' end

local function text_json(text) return (string.gsub(cjson.encode(text), '\\/', '/')) end

-- Not -0 either: it equals 0, but is not written like it.
local function is_whole(value, most)
  return type(value) == 'number' and value >= 0 and value <= (most or MAX_NUMBER) and value % 1 == 0
    and 1 / value > 0
end

-- As it is written, without the quotes.
local function is_text(value, most)
  return type(value) == 'string' and value ~= '' and not string.find(value, '%c')
    and #text_json(value) - 2 <= most
end

local function is_list(value, most, is_item)
  if type(value) ~= 'table' or #value > most then return false end
  for _, item in ipairs(value) do
    if type(item) ~= 'table' or not is_item(item) then return false end
  end
  return true
end

local function is_bucket(it)
  return is_whole(it[1]) and is_whole(it[2], MAX_COUNT) and is_whole(it[3], it[2]) and is_whole(it[4], it[2])
end

-- "" stands for all who did not say who they are.
local function is_reporter(it)
  return (it[1] == '' or is_text(it[1], MAX_REPORTER)) and is_whole(it[2])
end

local function is_lease(it) return is_whole(it[1], MAX_COUNT) and is_whole(it[2]) end

local function is_probes(it)
  return type(it) == 'table' and (it.generation == nil or is_whole(it.generation))
    and is_whole(it.successes, MAX_COUNT) and is_whole(it.slow, it.successes)
    and is_whole(it.issued, MAX_COUNT) and is_list(it.leases, MAX_LEASES, is_lease)
end

local function is_override(it)
  return type(it) == 'table' and MODES[it.mode] and is_whole(it.since) and is_whole(it.ends)
    and is_text(it.reason, MAX_OVERRIDE_REASON) and is_text(it.actor, MAX_ACTOR)
end

-- What each state has besides what all have.
local IS_STATE = {
  closed = function(it) return it.since == nil or is_whole(it.since) end,
  open = function(it) return is_whole(it.since) and is_whole(it.ends) end,
  half_open = function(it) return is_whole(it.since) and is_probes(it.probes) end,
  recovering = function(it) return is_whole(it.since) and is_whole(it.credit, 1000) end,
}

-- Adds what the release before did not write. Its permits are called by `since`.
local function circuit_complete(it)
  it.generation, it.at = it.generation or 0, it.at or 0
  if it.state == 'half_open' then it.probes.generation = it.probes.generation or it.since end
  return it
end

-- The circuit that `json` holds, or nil if it holds anything else.
local function circuit_decode(json)
  if #json > MAX_VALUE then return nil end
  local decoded, it = pcall(cjson.decode, json)
  if not decoded or type(it) ~= 'table' then return nil end
  if it.since == cjson.null then it.since = nil end
  local is_state = type(it.state) == 'string' and IS_STATE[it.state]
  if is_state and is_state(it) and is_text(it.reason, MAX_REASON) and is_whole(it.trips)
    and is_list(it.window, MAX_BUCKETS, is_bucket)
    and is_list(it.reporters, MAX_REPORTERS, is_reporter)
    and (it.override == nil or is_override(it.override))
    and (it.generation == nil or is_whole(it.generation)) and (it.at == nil or is_whole(it.at)) then
    return circuit_complete(it)
  end
  return nil
end

local function list_json(list)
  local items = {}
  for index, item in ipairs(list) do
    local values = {}
    for place, value in ipairs(item) do
      values[place] = type(value) == 'string' and text_json(value) or number_json(value)
    end
    items[index] = '[' .. table.concat(values, ',') .. ']'
  end
  return '[' .. table.concat(items, ',') .. ']'
end

-- An object whose members are `fields`: name, JSON, name, JSON.
local function object_json(fields)
  local members = {}
  for index = 1, #fields, 2 do
    members[#members + 1] = '"' .. fields[index] .. '":' .. fields[index + 1]
  end
  return '{' .. table.concat(members, ',') .. '}'
end

local function circuit_encode(circuit)
  local fields = {
    'state', text_json(circuit.state),
    'since', number_json(circuit.since),
    'generation', number_json(circuit.generation),
    'reason', text_json(circuit.reason),
  }
  local function add(name, json)
    fields[#fields + 1] = name
    fields[#fields + 1] = json
  end
  if circuit.state == 'open' then
    add('ends', number_json(circuit.ends))
  elseif circuit.state == 'half_open' then
    local probes = circuit.probes
    add('probes', object_json({
      'generation', number_json(probes.generation),
      'successes', number_json(probes.successes),
      'slow', number_json(probes.slow),
      'issued', number_json(probes.issued),
      'leases', list_json(probes.leases),
    }))
  elseif circuit.state == 'recovering' then
    add('credit', number_json(circuit.credit))
  end
  add('trips', number_json(circuit.trips))
  add('window', list_json(circuit.window))
  add('reporters', list_json(circuit.reporters))
  local override = circuit.override
  if override then
    add('override', object_json({
      'mode', text_json(override.mode),
      'since', number_json(override.since),
      'ends', number_json(override.ends),
      'reason', text_json(override.reason),
      'actor', text_json(override.actor),
    }))
  end
  add('at', number_json(circuit.at))
  return object_json(fields)
end
