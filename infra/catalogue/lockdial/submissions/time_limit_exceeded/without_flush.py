# Never flushes: the line stays in the program, and nobody says a word.
import sys

low, high = 1, int(sys.stdin.readline())
while True:
    middle = (low + high) // 2
    print(middle)
    reply = sys.stdin.readline().strip()
    if reply == "open":
        break
    if reply == "low":
        low = middle + 1
    else:
        high = middle - 1
