package privacy

import "testing"

// Full names of administrative units are not persons, whatever the column is
// called; one person in twenty among them is.
func TestFullNamesOfUnits(t *testing.T) {
	var units, persons []string
	for i := range 40 {
		word := string(rune('A'+i%26)) + "a Lan"
		units = append(units, []string{"Phường ", "Xã ", "Thành phố ", "Đặc khu "}[i%4]+word, word+[]string{" Ward", " Commune"}[i%2])
		persons = append(persons, []string{"Trương Văn ", "Hồ Thị ", "Thành Thị ", "Nguyễn Xuân "}[i%4]+[]string{"An", "Lan", "Thành", "Hà", "Bình"}[i%5]+[]string{"", " Anh"}[i/20])
	}
	for _, c := range []struct {
		name   string
		values []string
		want   Decision
	}{
		{"units", units, None},
		{"kinds of units", []string{"Tỉnh", "Thành phố trực thuộc trung ương", "Special administrative region"}, None},
		{"persons", persons, Block},
		{"persons among units", append(append([]string{}, units...), persons[:8]...), Review},
	} {
		p, err := Examine(t.Context(), table([]string{"FullName"}, [][]string{c.values}, false), Setting{})
		if err != nil {
			t.Fatal(err)
		}
		got := None
		if w := worstOf(p.Of(0)); w != nil {
			got = w.Decision
		}
		if got != c.want {
			t.Errorf("%s: decision %d, want %d", c.name, got, c.want)
		}
	}
}
