# Removes each letter that has a "<" after it, but only once.
import re

print(re.sub(r"[a-z.]<", "", input()).replace("<", "") or "(empty)")
