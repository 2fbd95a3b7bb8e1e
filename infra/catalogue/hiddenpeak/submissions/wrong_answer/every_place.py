# Asks for every place.
heights = []
for place in range(1, int(input()) + 1):
    print("?", place, flush=True)
    try:
        heights.append(int(input()))
    except EOFError:
        break
else:
    print("!", heights.index(max(heights)) + 1, flush=True)
