package ingest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"daylight/catalog"
)

// Whatever an agency decides about how its file is read is followed, stays in
// the dataset's plan, and reads the next file too. Each file here would be read
// otherwise, or asked about, without the decision.
func TestReadingIsRemembered(t *testing.T) {
	for name, c := range map[string]struct{ read, in, want string }{
		"encoding":        {"encoding: utf-8", "ten,so\nCầu \xff,1\nSông,2\n", "ten,so\nCầu \ufffd,1\nSông,2\n"},
		"delimiter":       {`delimiter: "|"`, "a;b|c\n1;2|3\n4;5|6\n", "a_b,c\n1;2,3\n4;5,6\n"},
		"no delimiter":    {"delimiter: none", "nơi\nXã A, tỉnh B\nXã C, tỉnh D\n", "noi\n\"Xã A, tỉnh B\"\n\"Xã C, tỉnh D\"\n"},
		"quote":           {`quote: "*"`, "ten,so\n*Xã A, B*,1\n*Xã C, D*,2\n", "ten,so\n\"Xã A, B\",1\n\"Xã C, D\",2\n"},
		"no quote":        {"quote: none", "ten,so\n\"Xã\",1\n\"Phường\",2\n", "ten,so\n\"\"\"Xã\"\"\",1\n\"\"\"Phường\"\"\",2\n"},
		"comment":         {`comment: "//"`, "// viết tay\na,b\n1,2\n// hết\n3,4\n", "a,b\n1,2\n3,4\n"},
		"table":           {"table: [2]", "ma,ten,so_luong,gia\n01,Bàn,12,350000\n02,Ghế,40,120000\n03,Tủ,5,2100000\n04,Kệ,8,890000\nma,nhap,so\n01,2025-01-05,4\n02,2025-01-07,10\n03,2025-02-11,1\n", "ma,nhap,so\n01,2025-01-05,4\n02,2025-01-07,10\n03,2025-02-11,1\n"},
		"header_rows":     {"header_rows: [2]", "Bảng,Dân số\nxã,dân\nA,12\nB,13\n", "xa,dan\nA,12\nB,13\n"},
		"no header":       {"header_rows: [0]", "xã,dân\nA,Có\nB,Không\n", "column_1,column_2\nxã,dân\nA,Có\nB,Không\n"},
		"ragged":          {"ragged: repair", "a,b,c\n1,2,3\n4,5\n6,7,8\n", "a,b,c\n1,2,3\n4,5,\n6,7,8\n"},
		"locale":          {"locale: en-US", "ngay,so\n03/04/2026,\"1,204\"\n05/06/2026,\"2,310\"\n", "ngay,so\n2026-03-04,1204\n2026-05-06,2310\n"},
		"text":            {"columns: {so: {type: text}}", "so\n1.50\n2.00\n", "so\n1.50\n2.00\n"},
		"integer":         {`columns: {so: {type: integer, thousands: "."}}`, "so\n1.204\n2.310\n", "so\n1204\n2310\n"},
		"decimal":         {`columns: {so: {decimal: "."}}`, "so\n1.204\n2.310\n", "so\n1.204\n2.310\n"},
		"date":            {"columns: {ngay: {format: m/d/y}}", "ngay\n03/04/2026\n05/06/2026\n", "ngay\n2026-03-04\n2026-05-06\n"},
		"nulls":           {`columns: {ten: {nulls: ["chưa rõ"]}}`, "ten,so\nchưa rõ,1\nXã,2\n", "ten,so\n,1\nXã,2\n"},
		"trim":            {"columns: {ten: {trim: true}}", "ten,so\n  Xã ,1\nPhường,2\n", "ten,so\nXã,1\nPhường,2\n"},
		"on_error report": {"columns: {so: {type: integer, on_error: report}}", "so,ten\n1,a\nhai,b\n3,c\n", "so,ten\n1,a\n,b\n3,c\n"},
		"on_error text":   {"columns: {so: {type: integer, on_error: text}}", "so,ten\n1,a\nhai,b\n3,c\n", "so,ten\n1,a\nhai,b\n3,c\n"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			d, err := o.describe("cach-doc")
			if err != nil {
				t.Fatal(err)
			}
			_, bare, _ := strings.Cut(c.want, "\n")
			header, _, _ := strings.Cut(c.want, "\n")
			var plan strings.Builder
			fmt.Fprintf(&plan, "plan: v1\nread: {%s}\ncolumns:\n", c.read)
			for _, column := range strings.Split(header, ",") {
				fmt.Fprintf(&plan, "  %s: {do: keep}\n", column)
			}
			plan.WriteString("decided: {by: x, at: 2026-01-01}\n")
			u := o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte(plan.String()), FileName: "1.csv"}, c.in)
			if u.State != catalog.StatePublished {
				t.Fatalf("%s %v", u.State, u.Problems)
			}
			// The next file has one row more, which is its first one again.
			at := strings.LastIndex(strings.TrimSuffix(c.in, "\n"), "\n") + 1
			next := c.in + c.in[at:]
			last := strings.LastIndex(strings.TrimSuffix(bare, "\n"), "\n") + 1
			if u = o.publish(t, catalog.NewUpload{Dataset: d.ID, FileName: "2.csv"}, next); u.State != catalog.StatePublished || u.Release != 2 {
				t.Fatalf("the next file: %s %v", u.State, u.Problems)
			}
			for version, want := range map[int]string{1: c.want, 2: c.want + bare[last:]} {
				r, err := o.catalog.Release(t.Context(), d.ID, version)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, o.published(t, r.Files[0])); diff != "" {
					t.Errorf("version %d (-want +got)\n%s", version, diff)
				}
			}
		})
	}
}
