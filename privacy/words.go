package privacy

import "fmt"

// The words in which reports write a Decision: privacy.md section 3.4. Outside
// checks read them, so they stay.
var decisionWords = [...]string{None: "None", AllowPublic: "AllowPublic", Review: "Review", Block: "Block"}

func (d Decision) String() string {
	if d < 0 || int(d) >= len(decisionWords) {
		return "Decision?"
	}
	return decisionWords[d]
}

// MarshalText writes the word.
func (d Decision) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the word; any other is an error, never None.
func (d *Decision) UnmarshalText(b []byte) error {
	for i, w := range decisionWords {
		if w == string(b) {
			*d = Decision(i)
			return nil
		}
	}
	return fmt.Errorf("privacy: there is no such decision")
}
