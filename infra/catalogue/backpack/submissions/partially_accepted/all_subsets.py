# @EXPECTED_GRADES@ AC TLE TLE
# Tries all subsets: good for 20 points.
n, c = map(int, input().split())
things = [tuple(map(int, input().split())) for _ in range(n)]


def best(i, left):
    if i == n:
        return 0
    weight, worth = things[i]
    stays = best(i + 1, left)
    return stays if weight > left else max(stays, worth + best(i + 1, left - weight))


print(best(0, c))
