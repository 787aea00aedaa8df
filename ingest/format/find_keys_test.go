package format

import (
	"testing"

	"daylight/privacy"
)

// TestPlanForOneKey: where two tables keep one key under two labels, each column
// is read as is said of its own, every time.
func TestPlanForOneKey(t *testing.T) {
	f := &finder{reading: privacy.Reading{Columns: map[string]privacy.ReadColumn{
		"Số dân": {Key: "dan", Type: "text"}, "Dân số": {Key: "dan", Type: "integer"}}}}
	for range 50 {
		for label, want := range map[string]string{"Số dân": "text", "Dân  số": "integer"} {
			if c, ok := f.planFor("dan", label); !ok || c.Type != want {
				t.Fatalf("%s is read as %q", label, c.Type)
			}
		}
	}
}
