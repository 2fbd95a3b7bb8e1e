# As if groups could be split evenly between the ferries.
n, k = map(int, input().split())
sizes = list(map(int, input().split()))
print(max(max(sizes), -(-sum(sizes) // k)))
