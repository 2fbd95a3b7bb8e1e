# Goes on until there is no "<" left; but one after a full stop is never used up.
import re

keys = input().lstrip("<")
while "<" in keys:
    keys = re.sub("[a-z]<", "", keys).lstrip("<")
print(keys or "(empty)")
