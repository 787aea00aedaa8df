package main

import (
	"bufio"
	"io"
	"math/rand/v2"
	"strconv"
	"time"
)

// header is that of the generated file: 21 columns of the kinds that agencies
// send. All that stands under it is invented.
const header = "STT,Mã hồ sơ,Mã xã,Tên xã phường,Vùng,Ngày cấp,Ngày cập nhật,Kinh phí được giao,Kinh phí quyết toán," +
	"Số hộ,Số công trình,Diện tích (ha),Tỷ lệ hoàn thành,Vĩ độ,Kinh độ,Có giấy phép,Loại hình,Trạng thái,Mã ngành,Nguồn vốn,Ghi chú\n"

var (
	kinds    = []string{"Xã", "Phường", "Đặc khu"}
	firsts   = []string{"Sơn", "Thủy", "Vân", "Trúc", "Tràm", "Bàng", "Suối", "Đồi", "Bến", "Cồn", "Rạch", "Gò", "Đầm", "Núi", "Khe", "Bãi"}
	seconds  = []string{"Trắng", "Biếc", "Đá Dựng", "Ba Cây", "Hạ", "Thượng", "Sậy", "Cát Vàng", "Mây", "Lớn", "Nhỏ", "Đôi", "Chín Khúc", "Sương", "Lau", "Ngọc Bích"}
	regions  = []string{"Vùng Ven Biển", "Vùng Đồi Chè", "Vùng Hạ Lưu", "Vùng Cao Nguyên Đá", "Vùng Đảo Xa", "Vùng Hồ Lớn", "Vùng Rừng Tràm", "Vùng Đồng Lúa"}
	forms    = []string{"Trường học", "Trạm y tế", "Nhà văn hóa", "Cầu đường", "Thủy lợi", "Cấp nước sạch", "Chiếu sáng", "Chợ dân sinh", "Sân vận động"}
	states   = []string{"Đang thi công", "Đã nghiệm thu", "Chờ phê duyệt", "Tạm dừng", "Đã quyết toán"}
	branches = []string{"0111", "0112", "0210", "0810", "4101", "4210", "4290", "8510", "8620", "9000"}
	funds    = []string{"Ngân sách trung ương", "Ngân sách địa phương", "Xã hội hóa", "Vốn vay ưu đãi", "Nguồn tài trợ"}
	words    = []string{"công trình", "đúng tiến độ", "cần bổ sung", "hồ sơ", "mặt bằng", "đã bàn giao", "chậm", "do mưa lớn", "theo kế hoạch", "hạng mục", "phụ trợ", "nâng cấp", "giai đoạn hai", "vật liệu", "tăng giá", "thẩm định"}
)

// generate writes whole lines until size bytes are reached or passed. The same
// seed and size give the same bytes. It returns the number of data rows.
func generate(w io.Writer, size int64, seed uint64) (rows int64, err error) {
	r := rand.New(rand.NewPCG(seed, 0))
	out := bufio.NewWriterSize(w, 1<<20)
	if _, err := out.WriteString(header); err != nil {
		return 0, err
	}
	first := time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC)
	written := int64(len(header))
	var b []byte
	for written < size {
		rows++
		b = b[:0]
		b = strconv.AppendInt(b, rows, 10)
		b = append(b, ",HS-"...)
		b = padded(b, rows*7+int64(r.IntN(7)), 9)
		commune := r.IntN(len(kinds) * len(firsts) * len(seconds))
		b = padded(append(b, ','), int64(commune*13+4), 5) // leading zeros: a code
		b = append(append(b, ','), kinds[commune%3]...)
		b = append(append(b, ' '), firsts[commune/3%16]...)
		b = append(append(b, ' '), seconds[commune/48]...)
		b = append(append(b, ','), regions[commune%len(regions)]...)
		day := first.AddDate(0, 0, r.IntN(7000))
		b = day.AppendFormat(append(b, ','), "02/01/2006")
		b = append(b, ',')
		if r.IntN(10) > 1 {
			b = day.AddDate(0, 0, r.IntN(400)).AppendFormat(b, "02/01/2006")
		}
		b = money(append(b, ','), 1_000_000+r.Int64N(900_000_000), int64(r.IntN(100)))
		b = append(b, ',')
		if r.IntN(4) > 0 {
			b = money(b, 1_000_000+r.Int64N(900_000_000), int64(r.IntN(100)))
		}
		b = strconv.AppendInt(append(b, ','), int64(r.IntN(5000)), 10)
		b = append(b, ',')
		if r.IntN(8) > 0 {
			b = strconv.AppendInt(b, int64(r.IntN(300)), 10)
		}
		b = comma(append(b, ','), int64(r.IntN(90_000)), 2)
		b = comma(append(b, ','), int64(r.IntN(1001)), 1)
		b = point(append(b, ','), 8_500_000+r.Int64N(14_800_000))
		b = point(append(b, ','), 102_200_000+r.Int64N(7_000_000))
		b = append(b, ',')
		if r.IntN(3) > 0 {
			b = append(b, "Có"...)
		} else {
			b = append(b, "Không"...)
		}
		b = append(append(b, ','), forms[r.IntN(len(forms))]...)
		b = append(append(b, ','), states[r.IntN(len(states))]...)
		b = append(append(b, ','), branches[r.IntN(len(branches))]...)
		b = append(append(b, ','), funds[r.IntN(len(funds))]...)
		b = note(append(b, ','), r)
		b = append(b, '\n')
		written += int64(len(b))
		if _, err := out.Write(b); err != nil {
			return rows, err
		}
	}
	return rows, out.Flush()
}

// padded writes n with leading zeros.
func padded(b []byte, n int64, width int) []byte {
	var digits [20]byte
	s := strconv.AppendInt(digits[:0], n, 10)
	for i := len(s); i < width; i++ {
		b = append(b, '0')
	}
	return append(b, s...)
}

// money is "1.234.567,50", quoted because of its comma.
func money(b []byte, whole, cents int64) []byte {
	b = append(b, '"')
	var digits [20]byte
	s := strconv.AppendInt(digits[:0], whole, 10)
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b = append(b, '.')
		}
		b = append(b, c)
	}
	return append(padded(append(b, ','), cents, 2), '"')
}

// comma is a decimal number with its comma, quoted.
func comma(b []byte, n int64, places int) []byte {
	unit := int64(10)
	for range places - 1 {
		unit *= 10
	}
	b = strconv.AppendInt(append(b, '"'), n/unit, 10)
	return append(padded(append(b, ','), n%unit, places), '"')
}

// point is a coordinate in millionths of a degree.
func point(b []byte, n int64) []byte {
	b = strconv.AppendInt(b, n/1_000_000, 10)
	return padded(append(b, '.'), n%1_000_000, 6)
}

// note is free text: nothing, words, or words with a comma or a quote inside.
func note(b []byte, r *rand.Rand) []byte {
	n := r.IntN(9)
	if n == 0 {
		return b
	}
	quoted := r.IntN(4) == 0
	if quoted {
		b = append(b, `"Theo ""quy định"", `...)
	}
	for i := range n {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, words[r.IntN(len(words))]...)
	}
	if quoted {
		b = append(b, '"')
	}
	return b
}
