# A "<" with nothing before it stays for ever.
import re

keys = input()
while "<" in keys:
    keys = re.sub(r"[a-z.]<", "", keys)
print(keys or "(empty)")
