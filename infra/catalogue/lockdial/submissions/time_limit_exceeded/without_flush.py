# Believes that a dial with a single number needs no flush: then nobody says a word.
import sys

low, high = 1, int(sys.stdin.readline())
flush = low < high
while True:
    middle = (low + high) // 2
    print(middle, flush=flush)
    reply = sys.stdin.readline().strip()
    if reply == "open":
        break
    if reply == "low":
        low = middle + 1
    else:
        high = middle - 1
