-- Moves what stands under an old secret's name to the name that the new secret gives it, with its
-- TTL. Where both exist the new one counts, and the old one expires by itself. O(1).
local function adopt(old, new)
  if old and redis.call('EXISTS', old) == 1 and redis.call('EXISTS', new) == 0 then
    redis.call('RENAME', old, new)
  end
end
