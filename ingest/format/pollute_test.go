package format

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// A polluted file, and the table that a reader should make of it.
type polluted struct {
	kind        string
	text, clean string
}

// cleanRows is the source of all pollutions: a header and 80 invented records
// of mixed types, some with delimiters and quotes in their cells.
func cleanRows() [][]string {
	rows := [][]string{{"DATE", "TIME", "Qty", "PRODUCTID", "Price", "ProductType", "ProductDescription", "URL", "Comments"}}
	types := []string{"Lamp", "Chair", "Desk", "Book shelf"}
	for i := range 80 {
		desc, comment := fmt.Sprintf("%s, number %d of the series", types[i%4], i+1), ""
		if i%3 == 0 {
			comment = fmt.Sprintf("seen by \"office\" %d", i%7)
		}
		rows = append(rows, []string{fmt.Sprintf("%02d/%02d/2021", i%28+1, i%12+1), fmt.Sprintf("%02d:%02d", i%24, i*7%60), fmt.Sprint(i*13%50 + 1),
			fmt.Sprintf("P-%04d", 1000+i*37), fmt.Sprintf("%d.%02d", i*31%900+1, i*17%100), types[i%4], desc,
			fmt.Sprintf("http://example.org/p/%d", i), comment})
	}
	return rows
}

// delimited writes rows; quote "" writes the cells bare, always quotes each.
func delimited(rows [][]string, delim, quote, escape, eol string, always bool) string {
	var b strings.Builder
	for _, r := range rows {
		for i, c := range r {
			if i > 0 {
				b.WriteString(delim)
			}
			if quote != "" && (always || strings.Contains(c, delim) || strings.Contains(c, quote) || strings.ContainsAny(c, "\r\n")) {
				c = quote + strings.ReplaceAll(c, quote, escape+quote) + quote
			}
			b.WriteString(c)
		}
		b.WriteString(eol)
	}
	return b.String()
}

func csvText(rows [][]string) string { return delimited(rows, ",", `"`, `"`, "\n", false) }

// changed is rows with row i replaced.
func changed(rows [][]string, i int, r []string) [][]string {
	out := slices.Clone(rows)
	out[i] = r
	return out
}

// pollutions are the kinds that the Pollock benchmark names, one fault a file.
func pollutions() []polluted {
	rows := cleanRows()
	clean := csvText(rows)
	lines := strings.SplitAfter(strings.TrimSuffix(clean, "\n"), "\n")
	lines[len(lines)-1] += "\n"
	var out []polluted
	add := func(kind, text, want string) { out = append(out, polluted{kind, text, want}) }
	same := func(kind, text string) { add(kind, text, clean) }
	put := func(i int, line string) string { return strings.Join(changedLine(lines, i, line), "") }

	same("clean file", clean)
	same("no newline at the end", strings.TrimSuffix(clean, "\n"))
	same("two newlines at the end", clean+"\n")
	same("records end in LF", clean)
	same("records end in CR", strings.ReplaceAll(clean, "\n", "\r"))
	same("records end in CRLF", strings.ReplaceAll(clean, "\n", "\r\n"))
	same("encoding utf-8 with BOM", "\ufeff"+clean)
	utf := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(clean)) {
		utf = append(utf, byte(u), byte(u>>8))
	}
	same("encoding utf-16", string(utf))
	accents := strings.ReplaceAll(clean, "series", "série")
	add("encoding windows-1252", strings.ReplaceAll(accents, "é", "\xe9"), accents)
	add("empty file", "", "")
	add("only a header", lines[0], lines[0])
	add("one record", lines[0]+lines[1], lines[0]+lines[1])
	add("no header", strings.Join(lines[1:], ""), strings.Join(lines[1:], ""))
	twice, second := slices.Clone(rows[0]), slices.Clone(rows[0])
	for i := range twice {
		second[i] = "part " + string(rune('a'+i))
		twice[i] += " " + second[i]
	}
	add("header of two rows", lines[0]+csvText([][]string{second})+strings.Join(lines[1:], ""), csvText(changed(rows, 0, twice)))
	commas := strings.Repeat(",", len(rows[0])-1)
	same("preamble", "Report of the office"+commas+"\nMade in spring"+commas+"\n"+clean)
	same("preamble", "Report of the office"+commas+"\n"+commas+"\n"+clean)
	same("preamble", "Report of the office\n\n"+clean)
	same("footer", clean+"\nSource: the office"+commas+"\n")
	same("footer", clean+commas+"\nSource: the office"+commas+"\n")
	for name, d := range map[string]string{";": ";", "tab": "\t", "|": "|", "space": " ", "comma and space": ", "} {
		same("delimiter "+name, delimited(rows, d, `"`, `"`, "\n", false))
	}
	same("quote '", delimited(rows, ",", "'", "'", "\n", false))
	same("quote ' everywhere", delimited(rows, ",", "'", "'", "\n", true))
	same(`quote " everywhere`, delimited(rows, ",", `"`, `"`, "\n", true))
	same(`escape \`, delimited(rows, ",", `"`, `\`, "\n", false))
	for _, f := range []struct {
		kind string
		to   func(int, string) string
	}{
		{"labels in lower case", func(_ int, s string) string { return strings.ToLower(s) }},
		{"labels in upper case", func(_ int, s string) string { return strings.ToUpper(s) }},
		{"labels not unique", func(i int, s string) string { return []string{s, "Price"}[i/7] }},
		{"labels missing", func(i int, s string) string { return []string{s, ""}[i/7] }},
		{"labels with signs", func(_ int, s string) string { return "%" + s + "*" }},
	} {
		h := slices.Clone(rows[0])
		for i := range h {
			h[i] = f.to(i, h[i])
		}
		text := csvText(changed(rows, 0, h))
		add(f.kind, text, text)
	}
	wide := slices.Clone(rows)
	for i := range wide {
		wide[i] = nil
		for k := range 40 {
			wide[i] = append(wide[i], rows[i]...)
			if i == 0 {
				for j := range rows[0] {
					wide[0][k*len(rows[0])+j] += fmt.Sprint(k)
				}
			}
		}
	}
	add("many columns", csvText(wide), csvText(wide))
	add("many rows", clean+strings.Repeat(strings.Join(lines[1:], ""), 20), clean+strings.Repeat(strings.Join(lines[1:], ""), 20))
	big := changed(rows, 3, append(slices.Clone(rows[3][:8]), strings.Repeat("word ", 20_000)))
	add("a large cell", csvText(big), csvText(big))

	for i := 1; i < len(rows); i++ {
		r := rows[i]
		long, short := append(slices.Clone(r), "surplus"), r[:len(r)-1]
		add("row too long", csvText(changed(rows, i, long)), csvText(changed(rows, i, long)))
		add("row too short", csvText(changed(rows, i, short)), csvText(changed(rows, i, short)))
		at := i % (len(r) - 1)
		same("surplus delimiter", put(i, csvText([][]string{slices.Insert(slices.Clone(r), at+1, "")})))
		merged := slices.Delete(slices.Clone(r), at, at+1)
		merged[at] = r[at] + r[at+1]
		add("missing delimiter", put(i, csvText([][]string{merged})), csvText(changed(rows, i, merged)))
		same("other delimiter in a row", put(i, delimited([][]string{r}, ";", `"`, `"`, "\n", true)))
		same("other quote in a row", put(i, delimited([][]string{r}, ",", "'", "'", "\n", false)))
		same("delimiter not quoted", put(i, delimited([][]string{r}, ",", "", "", "\n", false)))
		q := strings.Index(lines[i], `",http`)
		same("quote not closed", put(i, lines[i][:q]+lines[i][q+1:]))
		same("surplus quote", put(i, lines[i][:q]+`"`+lines[i][q:]))
	}
	return out
}

func changedLine(lines []string, i int, line string) []string {
	out := slices.Clone(lines)
	out[i] = line
	return out
}
