package api_test

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
)

// TestPublishedSchema: the schema beside a CSV names exactly its columns, with
// labels and types; a column that was left out is not in it; the schema that
// the agency holds its file to lends the key, and none of its constraints.
func TestPublishedSchema(t *testing.T) {
	p := newPortal(t)
	d := p.describe("ho-dan", "so-y-te")
	const plan = `plan: v1
dataset: ho-dan
audience: open
columns:
  ma_xa: {do: keep}
  ngay: {do: keep}
  so_ho: {do: keep}
  ghi_chu: {do: drop}
decided: {by: officer, at: 2026-03-01}
schema:
  fields:
    - {name: ma_xa, type: string, constraints: {enum: ["00123", "00456", "bimatkhoa"]}}
    - {name: ngay, type: date, format: "%d/%m/%Y"}
    - {name: so_ho, type: integer}
    - {name: ghi_chu, type: string, constraints: {pattern: "bimatkhoa|x"}}
  primaryKey: ma_xa
`
	if u := p.publish(d, "Mã xã;Ngày;Số hộ;Ghi chú\n00123;13/04/2026;12;x\n00456;05/06/2026;7;x\n", plan); u.Release != 1 {
		t.Fatal(u.State, u.Problems)
	}
	res, body := ask(t, p.app, "GET", "/datasets/ho-dan/v/1/data.schema.json", "")
	var s struct {
		Fields []struct{ Name, Title, Type string }
		Key    []string `json:"primaryKey"`
	}
	if err := json.Unmarshal([]byte(body), &s); err != nil || res.StatusCode != 200 {
		t.Fatal(res.StatusCode, err, body)
	}
	_, file := ask(t, p.app, "GET", "/datasets/ho-dan/v/1/data.csv", "")
	rows, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var names, told []string
	for _, f := range s.Fields {
		names, told = append(names, f.Name), append(told, f.Title+" "+f.Type)
	}
	if strings.Join(names, ",") != strings.Join(rows[0], ",") || strings.Join(told, ", ") != "Mã xã string, Ngày date, Số hộ integer" || strings.Join(s.Key, ",") != "ma_xa" {
		t.Errorf("%s", body)
	}
	if strings.Contains(body, "bimatkhoa") || strings.Contains(body, "ghi_chu") {
		t.Errorf("it tells what the file does not show: %s", body)
	}
	if again, _ := ask(t, p.app, "GET", "/datasets/ho-dan/v/1/data.schema.json", "", "If-None-Match", res.Header.Get("ETag")); again.StatusCode != 304 {
		t.Errorf("not changed: %d", again.StatusCode)
	}
	for _, path := range []string{"/datasets/ho-dan/v/1/x.schema.json", "/datasets/ho-dan/v/1/data.parquet.schema.json", "/datasets/ho-dan/v/2/data.schema.json"} {
		if res, _ := ask(t, p.app, "GET", path, ""); res.StatusCode != 404 {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	p.withdraw(d.ID)
	if res, _ := ask(t, p.app, "GET", "/datasets/ho-dan/v/1/data.schema.json", ""); res.StatusCode != 410 {
		t.Errorf("withdrawn: %d", res.StatusCode)
	}
}
