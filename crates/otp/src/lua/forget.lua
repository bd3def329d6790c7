-- Forgets a phone's code, and its wrong guesses if they are given: what stands under a secret that is
-- being rotated out, once a code of the other secret has taken its place.
-- KEYS[1..]  the keys to remove
-- Reply    { 1 }
-- O(keys). Requires key.lua.
for _, key in ipairs(KEYS) do
  if key_get(key, 24 * 60 * 60 * 1000) then key_end(key) end
end
return { 1 }
