# Not every length is an integer.
distance = time = 0
for _ in range(int(input())):
    length, speed = map(int, input().split())
    distance += length
    time += length / speed
print(distance / time)
