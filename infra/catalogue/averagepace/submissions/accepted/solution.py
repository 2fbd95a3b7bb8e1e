distance = time = 0.0
for _ in range(int(input())):
    length, speed = map(float, input().split())
    distance += length
    time += length / speed
print(distance / time)
