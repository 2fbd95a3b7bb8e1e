-- What changes accounts uses this.

-- Whether any account but this one has a role.
local function another_has(accounts, name, role)
  local found = redis.call('HGETALL', accounts)
  for i = 1, #found, 2 do
    if found[i] ~= name then
      for _, has in ipairs(cjson.decode(found[i + 1]).roles) do
        if has == role then
          return true
        end
      end
    end
  end
  return false
end
