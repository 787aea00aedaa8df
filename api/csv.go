package api

import (
	"bytes"
	"encoding/csv"
	"strings"

	"github.com/gocarina/gocsv"
	"github.com/gofiber/fiber/v2"
)

// CSV of our own lists, of fixed columns: RFC 4180 with CRLF, in UTF-8.

const csvType = "text/csv; charset=utf-8; header=present"

// csvParameters are understood by every address that answers with such a list.
var csvParameters = []string{"bom", "excel"}

// csvForm reads how a CSV is wanted. With ?bom=1 it begins with a byte order
// mark, without which Excel takes it for windows-1252. With ?excel=1 a cell
// that a spreadsheet would calculate is kept from it by an apostrophe
// (reliability.md section 6); without, cells are as they are.
func csvForm(c *fiber.Ctx) (still bool, mark string, err error) {
	for _, name := range csvParameters {
		if v := c.Query(name); v != "" && v != "1" {
			return false, "", badParameter(name, "1")
		}
	}
	if c.Query("bom") == "1" {
		mark = "\ufeff"
	}
	return c.Query("excel") == "1", mark, nil
}

// csvOf writes rows, a slice of structs, as CSV.
func csvOf(c *fiber.Ctx, rows any) ([]byte, error) {
	still, mark, err := csvForm(c)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteString(mark)
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	var to gocsv.CSVWriter = &cells{w, still}
	if err := gocsv.MarshalCSV(rows, to); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// cells is a csv.Writer that may keep cells from being calculated.
type cells struct {
	*csv.Writer
	still bool
}

func (w *cells) Write(row []string) error {
	if w.still {
		for i, cell := range row {
			if calculates(cell) {
				row[i] = "'" + cell
			}
		}
	}
	return w.Writer.Write(row)
}

// calculates says whether a spreadsheet takes a cell for a formula.
func calculates(cell string) bool {
	return cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0]))
}
