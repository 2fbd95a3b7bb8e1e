# Rides in steps of one micrometre.
distance = time = 0.0
for _ in range(int(input())):
    length, speed = map(float, input().split())
    ridden = 0.0
    while ridden < length:
        ridden += 1e-9
        time += 1e-9 / speed
    distance += length
print(distance / time)
