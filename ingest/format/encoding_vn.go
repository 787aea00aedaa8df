package format

// The Vietnamese encodings of before Unicode that golang.org/x/text does not
// hold. All of them keep ASCII; what they read as is composed to NFC
// afterwards, since three of them write some letters as base and mark.

// viscii is VISCII 1.1 (RFC 1456), 0x80 to 0xff; it has six capitals among the
// control characters.
const viscii = "" +
	"ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐ" +
	"ỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲ" +
	"Õắằặấầẩậẽẹếềểễệố" +
	"ồổỗỠƠộờởịỰỨỪỬơớƯ" +
	"ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳ" +
	"ĐứÒÓÔạỷừửÙÚỹỵÝỡư" +
	"àáâãảăữẫèéêẻìíĩỉ" +
	"đựòóôõỏọụùúũủýợỮ"

var visciiLow = map[byte]rune{0x02: 'Ẳ', 0x05: 'Ẵ', 0x06: 'Ẫ', 0x14: 'Ỷ', 0x19: 'Ỹ', 0x1e: 'Ỵ'}

// tcvn is TCVN 5712:1993, 0x80 to 0xff: VN1 whole. What the ABC fonts call
// TCVN3 is its part without the toned capitals (a second font shows those, and
// the bytes do not), so one table reads both.
const tcvn = "" +
	"ÀẢÃÁẠẶẬÈẺẼÉẸỆÌỈĨ" +
	"ÍỊÒỎÕÓỌỘỜỞỠỚỢÙỦŨ" +
	"\u00a0ĂÂÊÔƠƯĐăâêôơưđẰ" +
	"\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵắẴ" +
	"ẮẦẨẪẤỀặầẩẫấậèỂẻẽ" +
	"éẹềểễếệìỉỄẾỒĩíịò" +
	"Ổỏõóọồổỗốộờởỡớợù" +
	"ỖủũúụừửữứựỳỷỹýỵỐ"

var tcvnLow = map[byte]rune{0x01: 'Ú', 0x02: 'Ụ', 0x04: 'Ừ', 0x05: 'Ử', 0x06: 'Ữ', 0x11: 'Ứ', 0x12: 'Ự', 0x13: 'Ỳ', 0x14: 'Ỷ', 0x15: 'Ỹ', 0x16: 'Ý', 0x17: 'Ỵ'}

// tcvnCapitals are the codes of toned capitals that VN1 has and TCVN3 lacks.
func tcvnCapital(b byte) bool {
	switch {
	case b >= 0x80 && b <= 0x9f, b == 0xaf, b == 0xba, b >= 0xbf && b <= 0xc5, b == 0xcd, b == 0xd9, b == 0xda, b == 0xdb, b == 0xe0, b == 0xf0, b == 0xff:
		return true
	}
	_, low := tcvnLow[b]
	return low
}

// vniMarks follow a base letter in VNI-Windows; small and capital marks differ
// by case in windows-1252.
var vniMarks = map[byte]string{
	0xf9: "\u0301", 0xf8: "\u0300", 0xfb: "\u0309", 0xf5: "\u0303", 0xef: "\u0323",
	0xe2: "\u0302", 0xe1: "\u0302\u0301", 0xe0: "\u0302\u0300", 0xe5: "\u0302\u0309", 0xe3: "\u0302\u0303", 0xe4: "\u0302\u0323",
	0xea: "\u0306", 0xe9: "\u0306\u0301", 0xe8: "\u0306\u0300", 0xfa: "\u0306\u0309", 0xfc: "\u0306\u0303", 0xeb: "\u0306\u0323",
	0xd9: "\u0301", 0xd8: "\u0300", 0xdb: "\u0309", 0xd5: "\u0303", 0xcf: "\u0323",
	0xc2: "\u0302", 0xc1: "\u0302\u0301", 0xc0: "\u0302\u0300", 0xc5: "\u0302\u0309", 0xc3: "\u0302\u0303", 0xc4: "\u0302\u0323",
	0xca: "\u0306", 0xc9: "\u0306\u0301", 0xc8: "\u0306\u0300", 0xda: "\u0306\u0309", 0xdc: "\u0306\u0303", 0xcb: "\u0306\u0323",
}

// vniLetters stand alone.
var vniLetters = map[byte]string{
	0xf1: "đ", 0xed: "í", 0xec: "ì", 0xe6: "ỉ", 0xf3: "ĩ", 0xf2: "ị", 0xf4: "ơ", 0xf6: "ư", 0xee: "ỵ",
	0xd1: "Đ", 0xcd: "Í", 0xcc: "Ì", 0xc6: "Ỉ", 0xd3: "Ĩ", 0xd2: "Ị", 0xd4: "Ơ", 0xd6: "Ư", 0xce: "Ỵ",
}
