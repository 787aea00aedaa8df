package format

import (
	"fmt"
	"slices"
	"strings"
)

// A polluted file, and the table that a reader should make of it.
type polluted struct {
	kind        string
	weight      float64 // of one file of the kind
	text, clean string
}

// text is a table on its way into a file: cells and the marks between them.
type csvText struct {
	rows               [][]string
	delim, eol         string
	quote, escape      string
	row                int    // this row is written in another way; -1: none
	rowDelim, rowQuote string // how
}

const crlf = "\r\n"

func plain(rows [][]string) csvText {
	return csvText{rows: rows, delim: ",", eol: crlf, quote: `"`, escape: `"`, row: -1}
}

// alwaysQuoted are the columns whose cells stand in quotes whatever they hold,
// as in a file that two programs wrote.
var alwaysQuoted = map[int]bool{6: true, 7: true}

func (c csvText) cell(j int, s, quote string) string {
	if !alwaysQuoted[j] && !strings.Contains(s, ",") && !strings.Contains(s, `"`) {
		return s
	}
	return quote + strings.ReplaceAll(s, quote, c.escape+quote) + quote
}

func (c csvText) String() string {
	var b strings.Builder
	for i, r := range c.rows {
		delim, quote := c.delim, c.quote
		if i == c.row {
			delim, quote = c.rowDelim, c.rowQuote
		}
		for j, s := range r {
			if j > 0 {
				b.WriteString(delim)
			}
			b.WriteString(c.cell(j, s, quote))
		}
		b.WriteString(c.eol)
	}
	return b.String()
}

// sourceRows is the source of all pollutions: labels and 83 invented records of
// dates, times, numbers, codes, prices, words with apostrophes, sentences with
// delimiters and quotes, addresses, and a last column that is mostly empty.
func sourceRows() [][]string {
	rows := [][]string{{"DATE", "TIME", "Qty", "CODE", "Price", "Kind", "Description", "URL", "Comments"}}
	kinds := []string{"Men's Desk Lamp", "Chair", "Women's Standing Desk", "Book shelf", "Kids' Stool"}
	for i := range 83 {
		desc := fmt.Sprintf("Made of oak, number %d of the series. It isn't heavy, and the lamp's %d\" foot holds.", i+1, i%9+3)
		if i%2 == 0 {
			desc = fmt.Sprintf("A plain piece for rooms that don't forgive, %d of its kind.", i+1)
		}
		comments := ""
		if i%7 == 3 {
			comments = fmt.Sprintf("seen by office %d", i%5)
		}
		rows = append(rows, []string{fmt.Sprintf("%02d/%02d/2021", i%28+1, i%12+1), fmt.Sprintf("%02d:%02d", i%24, i*7%60), fmt.Sprint(i * 13 % 50),
			fmt.Sprintf("PX-%04d", 1000+i*37), fmt.Sprintf("$%d.%02d", i*31%900+1, i*17%100), kinds[i%5], desc,
			fmt.Sprintf("https://example.org/p/%d.html", i), comments})
	}
	return rows
}

func withRow(rows [][]string, i int, r []string) [][]string {
	out := slices.Clone(rows)
	out[i] = r
	return out
}

// pollutions are the kinds that the Pollock benchmark names, each with the
// weight it gives a file of that kind: how often the fault stands in CSV of
// open-government portals. Source: Vitagliano, Hameed, Jiang, Reisener, Wu,
// Naumann: Pollock, a data loading benchmark (VLDB 2023), and its table of
// weights. The table here is our own.
func pollutions() []polluted {
	rows := sourceRows()
	header, body := rows[0], rows[1:]
	clean := csvTable(rows)
	var out []polluted
	add := func(kind string, weight float64, text, want string) {
		out = append(out, polluted{kind, weight, text, want})
	}
	same := func(kind string, weight float64, text string) { add(kind, weight, text, clean) }
	whole := plain(rows).String()
	in := func(change func(*csvText)) string {
		c := plain(rows)
		change(&c)
		return c.String()
	}

	same("source", 1, whole)
	add("empty file", 15, "", "")
	same("no newline at the end", 184, strings.TrimSuffix(whole, crlf))
	same("two newlines at the end", 5, whole+crlf)
	add("no header", 470, plain(body).String(), csvTable(body))
	for levels := 2; levels <= 3; levels++ {
		// The rule repeats the labels; a table with the same labels again has a
		// repeated header here. Levels that differ are the kind meant.
		text, joined := "", slices.Clone(header)
		for k := 1; k < levels; k++ {
			level := make([]string, len(header))
			for j := range level {
				level[j] = fmt.Sprintf("part %c", 'a'+j+k)
				joined[j] += " " + level[j]
			}
			text += plain([][]string{level}).String()
		}
		add(fmt.Sprintf("header of %d rows", levels), 47, plain(rows[:1]).String()+text+plain(body).String(), csvTable(withRow(rows, 0, joined)))
	}
	commas := strings.Repeat(",", len(header)-1) + crlf
	same("preamble", 282, "PREAMBLE"+commas+commas+whole)
	second := func(width int) string {
		t := slices.Clone(rows[:len(rows)-1])
		for i := range t {
			if t[i] = t[i][:min(width, len(t[i]))]; width > len(t[i]) {
				t[i] = append(slices.Clone(t[i]), []string{"col1", ""}[min(1, i)])
			}
		}
		return plain(t).String()
	}
	same("second table, as wide", 62.7, whole+second(9))
	same("second table, wider", 62.7, whole+second(10))
	same("second table, narrower", 62.7, whole+second(8))
	add("only a header", 3, plain(rows[:1]).String(), csvTable(rows[:1]))
	add("one record", 4, plain(rows[:2]).String(), csvTable(rows[:2]))
	same("records end in CR", 7, in(func(c *csvText) { c.eol = "\r" }))
	same("records end in LF", 1691, in(func(c *csvText) { c.eol = "\n" }))
	same("delimiter tab", 4, in(func(c *csvText) { c.delim = "\t" }))
	same("delimiter ;", 834, in(func(c *csvText) { c.delim = ";" }))
	same("delimiter space", 4, in(func(c *csvText) { c.delim = " " }))
	same("delimiter comma and space", 101, in(func(c *csvText) { c.delim = ", " }))
	same("quote '", 11, in(func(c *csvText) { c.quote, c.escape = "'", "'" }))
	same(`escape \`, 1, in(func(c *csvText) { c.escape = `\` }))
	same("no escape", 7, in(func(c *csvText) { c.escape = "" }))

	for i := range rows {
		for j := range header {
			more := slices.Insert(slices.Clone(rows[i]), j, "")
			same("delimiter too many", 0.37, without(rows, i, more, -1))
			if j > 0 {
				// The marks of both cells stay where they stood.
				merged := slices.Clone(rows[i])
				merged[j-1] += merged[j]
				merged = slices.Delete(merged, j, j+1)
				add("delimiter missing", 0.37, without(rows, i, rows[i], j), csvTable(withRow(rows, i, merged)))
			}
			quoted := slices.Clone(rows[i])
			quoted[j] = `"` + quoted[j]
			add("quote too many", 0.009, lineIn(rows, i, func(k int, s string) string {
				s = plain(nil).cell(k, s, `"`)
				if k != j {
					return s
				}
				if strings.HasPrefix(s, `"`) {
					return `""` + s[1:]
				}
				return `"` + s
			}), csvTable(withRow(rows, i, quoted)))
		}
		same("one row delimited by space", 0.009, in(func(c *csvText) { c.row, c.rowDelim, c.rowQuote = i, " ", `"` }))
	}
	return append(out, beyondPollock(rows)...)
}

// without writes row i as r, and leaves the delimiter before cell j out.
func without(rows [][]string, i int, r []string, j int) string {
	c := plain(nil)
	line := ""
	for k, s := range r {
		if k > 0 && k != j {
			line += ","
		}
		col := k
		if len(r) > len(rows[i]) && s != rows[i][min(k, len(rows[i])-1)] {
			col = k - 1 // cells behind the surplus delimiter
		}
		line += c.cell(col, s, `"`)
	}
	return plain(rows[:i]).String() + line + crlf + plain(rows[i+1:]).String()
}

// lineIn writes each cell of row i by a function.
func lineIn(rows [][]string, i int, cell func(int, string) string) string {
	var cells []string
	for j, s := range rows[i] {
		cells = append(cells, cell(j, s))
	}
	return plain(rows[:i]).String() + strings.Join(cells, ",") + crlf + plain(rows[i+1:]).String()
}

// csvTable is the clean form: comma, `"`, doubled quotes.
func csvTable(rows [][]string) string {
	var b strings.Builder
	for _, r := range rows {
		for j, s := range r {
			if j > 0 {
				b.WriteByte(',')
			}
			if strings.ContainsAny(s, "\",\r\n") {
				s = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
			}
			b.WriteString(s)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// beyondPollock are kinds that the survey behind the benchmark met and its files do not
// hold; they count in the mean over kinds of their own, not in the score.
func beyondPollock(rows [][]string) []polluted {
	var out []polluted
	clean, whole := csvTable(rows), plain(rows).String()
	add := func(kind, text, want string) { out = append(out, polluted{kind, 0, text, want}) }
	for _, d := range []string{"|", ":", "^", "~"} {
		c := plain(rows)
		c.delim = d
		if d == ":" {
			continue // stands in times and addresses that are not quoted
		}
		add("delimiter "+d, c.String(), clean)
	}
	commas := strings.Repeat(",", len(rows[0])-1) + crlf
	add("footer", whole+crlf+"Source: the office"+commas, clean)
	add("footer", whole+commas+"Source: the office"+commas, clean)
	add("preamble of one cell", "Report of the office"+crlf+crlf+whole, clean)
	add("mark at the start", "\ufeff"+whole, clean)
	for i := 1; i < len(rows); i += 5 {
		c := plain(rows)
		c.row, c.rowDelim, c.rowQuote = i, ";", `"`
		add("one row delimited by ;", c.String(), clean)
		c.rowDelim, c.rowQuote = ",", "'"
		add("one row quoted by '", c.String(), clean)
		long, short := append(slices.Clone(rows[i]), "surplus"), rows[i][:len(rows[i])-1]
		add("row too long", plain(withRow(rows, i, long)).String(), csvTable(withRow(rows, i, long)))
		add("row too short", plain(withRow(rows, i, short)).String(), csvTable(withRow(rows, i, short)))
	}
	return out
}
