// Calls the function that solution.go defines. This file is Assay's, and carries values only.
package main

func main() {
	in, out := assayRead(), &assayOut{}
	_ = in
/*CALL*/
	out.handBack()
}
