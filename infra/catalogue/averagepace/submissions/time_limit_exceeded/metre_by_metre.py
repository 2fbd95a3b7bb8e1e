# Rides every single metre: there may be a thousand kilometres in each of a thousand stages.
distance = time = 0.0
for _ in range(int(input())):
    length, speed = map(float, input().split())
    for _ in range(round(1000 * length)):
        distance += 0.001
        time += 0.001 / speed
print(distance / time)
