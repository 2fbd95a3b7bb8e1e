func families(words []string) [][]string {
	found := map[[26]int][]string{}
	for _, word := range words {
		var letters [26]int
		for _, letter := range word {
			letters[letter-'a']++
		}
		found[letters] = append(found[letters], word)
	}
	result := [][]string{}
	for _, family := range found {
		result = append(result, family)
	}
	return result
}
