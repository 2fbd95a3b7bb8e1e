// Reads arguments and hands the result back. This file is Assay's, and carries values only.
package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"unicode/utf16"
)

const assayMostNodes = 1000000

// The arguments. They were checked before they came here.
type assayIn struct {
	text []byte
	at   int
}

type assayOut struct{ text []byte }

func assayFail(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(1)
}

func assayRead() *assayIn {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		assayFail(err.Error())
	}
	return &assayIn{text: text}
}

func (in *assayIn) next() byte {
	for in.at < len(in.text) && strings.IndexByte(" \t\r\n", in.text[in.at]) >= 0 {
		in.at++
	}
	if in.at == len(in.text) {
		assayFail("an argument is missing")
	}
	return in.text[in.at]
}

func (in *assayIn) takes(wanted byte) bool {
	if in.next() != wanted {
		return false
	}
	in.at++
	return true
}

func (in *assayIn) number() string {
	in.next()
	begin := in.at
	for in.at < len(in.text) && strings.IndexByte("+-.0123456789eE", in.text[in.at]) >= 0 {
		in.at++
	}
	return string(in.text[begin:in.at])
}

func assayInt(in *assayIn) int {
	value, _ := strconv.Atoi(in.number())
	return value
}

func assayLong(in *assayIn) int64 {
	value, _ := strconv.ParseInt(in.number(), 10, 64)
	return value
}

func assayFloat(in *assayIn) float64 {
	value, _ := strconv.ParseFloat(in.number(), 64)
	return value
}

func assayBool(in *assayIn) bool {
	yes := in.next() == 't'
	in.at += 4
	if !yes {
		in.at++
	}
	return yes
}

func (in *assayIn) unit() rune {
	value, _ := strconv.ParseUint(string(in.text[in.at:in.at+4]), 16, 32)
	in.at += 4
	return rune(value)
}

func assayString(in *assayIn) string {
	found := []byte{}
	in.takes('"')
	for in.text[in.at] != '"' {
		c := in.text[in.at]
		in.at++
		if c != '\\' {
			found = append(found, c)
			continue
		}
		c = in.text[in.at]
		in.at++
		if c == 'u' {
			code := in.unit()
			if utf16.IsSurrogate(code) && in.text[in.at] == '\\' {
				in.at += 2
				code = utf16.DecodeRune(code, in.unit())
			}
			found = append(found, string(code)...)
		} else if which := strings.IndexByte("bfnrt", c); which >= 0 {
			found = append(found, "\b\f\n\r\t"[which])
		} else {
			found = append(found, c)
		}
	}
	in.at++
	return string(found)
}

func assayChar(in *assayIn) byte { return assayString(in)[0] }

func assayList[T any](element func(*assayIn) T) func(*assayIn) []T {
	return func(in *assayIn) []T {
		found := []T{}
		in.takes('[')
		for !in.takes(']') {
			found = append(found, element(in))
			in.takes(',')
		}
		return found
	}
}

func assayOptional[T any](value func(*assayIn) T) func(*assayIn) *T {
	return func(in *assayIn) *T {
		if in.next() == 'n' {
			in.at += 4
			return nil
		}
		found := value(in)
		return &found
	}
}

func (out *assayOut) add(text string) { out.text = append(out.text, text...) }

func assayPutInt(out *assayOut, value int)    { out.add(strconv.Itoa(value)) }
func assayPutLong(out *assayOut, value int64) { out.add(strconv.FormatInt(value, 10)) }
func assayPutBool(out *assayOut, value bool)  { out.add(strconv.FormatBool(value)) }
func assayPutChar(out *assayOut, value byte)  { assayPutString(out, string([]byte{value})) }

func assayPutFloat(out *assayOut, value float64) {
	if math.IsNaN(value) {
		out.add("NaN")
	} else if math.IsInf(value, 0) {
		out.add("Infinity")
	} else {
		out.add(strconv.FormatFloat(value, 'g', -1, 64))
	}
}

func assayPutString(out *assayOut, value string) {
	out.add("\"")
	for at := 0; at < len(value); at++ {
		c := value[at]
		if c < 0x20 {
			out.add(fmt.Sprintf("\\u%04x", c))
			continue
		}
		if c == '"' || c == '\\' {
			out.add("\\")
		}
		out.text = append(out.text, c)
	}
	out.add("\"")
}

func assayPutList[T any](element func(*assayOut, T)) func(*assayOut, []T) {
	return func(out *assayOut, values []T) {
		out.add("[")
		for at, value := range values {
			if at > 0 {
				out.add(",")
			}
			element(out, value)
		}
		out.add("]")
	}
}

func assayPutOptional[T any](value func(*assayOut, T)) func(*assayOut, *T) {
	return func(out *assayOut, found *T) {
		if found == nil {
			out.add("null")
		} else {
			value(out, *found)
		}
	}
}

// Appending: whatever else is written there makes it two values, which is none.
func (out *assayOut) handBack() {
	out.add("\n")
	file, err := os.OpenFile(".assay-result", os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err == nil {
		_, err = file.Write(out.text)
	}
	if err != nil {
		assayFail(err.Error())
	}
	file.Close()
}
