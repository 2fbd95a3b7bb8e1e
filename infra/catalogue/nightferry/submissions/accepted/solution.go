package main

import (
	"bufio"
	"fmt"
	"os"
)

func main() {
	in := bufio.NewReader(os.Stdin)
	var n, k int
	fmt.Fscan(in, &n, &k)
	sizes := make([]int, n)
	low, high := 0, 0
	for i := range sizes {
		fmt.Fscan(in, &sizes[i])
		high += sizes[i]
		if sizes[i] > low {
			low = sizes[i]
		}
	}
	for low < high {
		middle, needed, left := (low+high)/2, 0, 0
		for _, size := range sizes {
			if size > left {
				needed, left = needed+1, middle
			}
			left -= size
		}
		if needed <= k {
			high = middle
		} else {
			low = middle + 1
		}
	}
	fmt.Println(low)
}
