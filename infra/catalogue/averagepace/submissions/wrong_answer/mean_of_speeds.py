# The mean of the speeds, each as heavy as its stage is long.
distance = weighted = 0.0
for _ in range(int(input())):
    length, speed = map(float, input().split())
    distance += length
    weighted += length * speed
print(weighted / distance)
