package format

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"
)

// madeTable is like what agencies send: codes, names with commas in quotes,
// dates, counts, amounts, coordinates, empty cells.
func madeTable(size int) []byte {
	var b bytes.Buffer
	b.WriteString("Mã,Tên đơn vị,Địa chỉ,Ngày,Dân số,Diện tích,Kinh độ,Vĩ độ,Loại,Ghi chú\n")
	units := []string{"Phường Nguyễn Văn Trỗi", "Xã Đất Mũi", "Thị trấn Ngã Bảy", "Đặc khu Phú Quốc"}
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "%05d,%s %d,\"Số %d, đường Trường Chinh\",%04d-%02d-%02d,%d,%d.%02d,105.%06d,21.%06d,%c,\n",
			i%100000, units[i%4], i, i%300+1, 1990+i%30, i%12+1, i%28+1, i*37%1000000, i%5000, i%100, i*7919%1000000, i*104729%1000000, 'A'+rune(i%5))
	}
	return b.Bytes()
}

func BenchmarkOpen(b *testing.B) {
	text := madeTable(32 << 20)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Open(context.Background(), bytes.NewReader(text), int64(len(text)), "x.csv", Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRows(b *testing.B) {
	text := madeTable(32 << 20)
	f, err := Open(context.Background(), bytes.NewReader(text), int64(len(text)), "x.csv", Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r, err := f.Tables[0].Rows(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		for r.Next() {
		}
		if r.Err() != nil {
			b.Fatal(r.Err())
		}
		r.Release()
	}
}

func BenchmarkRecords(b *testing.B) {
	text := madeTable(32 << 20)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r := newRecordReader(bytes.NewReader(text), int64(len(text)), dialect{delim: []byte{','}, quote: '"'}, 10, DefaultLimits)
		for {
			if err := r.next(); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}
