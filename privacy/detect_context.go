package privacy

// What is known by its column's name together with its values: sex, dates of
// birth, addresses, places, coordinates, and what must not be learnt.

var (
	sexHints    = hintList("gioi tinh", "gioi", "sex", "gender", "phai", "nam nu")
	birthHints  = hintList("ngay sinh", "nam sinh", "ngay thang nam sinh", "sinh ngay", "birth date", "date of birth", "dob", "birthday", "birth year", "year of birth", "birthdate", "ngaysinh", "namsinh")
	ageHints    = hintList("tuoi", "age", "do tuoi")
	homeHints   = hintList("noi o", "noi cu tru", "thuong tru", "tam tru", "ho khau", "que quan", "cho o", "noi sinh", "home address", "residence", "place of birth")
	addrHints   = hintList("dia chi", "address", "street address", "dc", "so nha")
	placesHints = hintList("xa", "phuong", "thi tran", "huyen", "quan", "thi xa", "tinh", "thanh pho", "thon", "ap", "to dan pho", "khu pho", "dia ban", "province", "district",
		"commune", "ward", "city", "state", "county", "village", "town", "zip", "zip code", "zipcode", "postcode", "postal code", "px", "qh", "que quan", "noi sinh", "noi o", "country", "municipality")
	latHints   = hintList("lat", "latitude", "vi do")
	lonHints   = hintList("lon", "lng", "long", "longitude", "kinh do")
	pairHints  = hintList("toa do", "coordinates", "coordinate", "geo", "latlong", "latlng", "location")
	traitHints = hintList("dan toc", "ton giao", "ethnicity", "ethnic group", "religion", "nghe", "nghe nghiep", "occupation", "profession", "hon nhan", "marital status",
		"trinh do", "education", "race", "nationality", "quoc tich", "native country")
	illHints = hintList("benh", "chan doan", "diagnosis", "disease", "hiv", "icd", "khuyet tat", "disability", "toi danh", "tien an", "tien su", "thu nhap", "income")
	// quantityHints are the words of amounts and running numbers.
	quantityHints = hintList("vnd", "vnđ", "dong", "tien", "so tien", "gia", "don gia", "gia tri", "thanh tien", "hoa don", "so hoa don", "invoice", "amount", "price", "total", "tong",
		"kg", "doanh thu", "chi phi", "kinh phi", "ngan sach", "budget", "revenue", "usd", "eur", "quantity", "so luong", "dien tich", "m2", "population", "dan so", "value", "timestamp", "cost", "ma hang", "hs code", "serial", "barcode")
	contactHints = hintList("contact", "lien he", "support", "security", "abuse", "webmaster", "helpdesk", "ho tro", "dau moi")
)

var maleWords = wordSet(`nam|male|m|man|boy|trai|nam giới|homme|h|masculin|masculino|hombre|maschio|uomo|männlich|mann|herr|mr|男|男性|남|남자|ชาย|laki-laki|lelaki|garçon|masculine|мужской|муж|м|mężczyzna|man.|ذكر`)
var femaleWords = wordSet(`nữ|nu|female|f|woman|girl|gái|nữ giới|femme|féminin|femenino|feminino|mujer|femmina|donna|weiblich|frau|w|mrs|ms|女|女性|여|여자|หญิง|perempuan|fille|feminine|женский|жен|ж|kobieta|vrouw|v|أنثى`)

// houseWords say, with a number, that an address goes down to the house.
var houseWords = foldedSet(`nhà ngõ ngách hẻm đường phố tổ thôn ấp xóm khu số street road avenue lane st rd ave via rue`)

// house sets flagHouse: a number and a word of addresses. Asked only of
// columns whose name says address.
func (s *scanner) house() {
	if !s.wantHouse {
		return
	}
	t := s.text
	var buf [32]byte
	number, word := false, false
	for i := 0; i < len(t); {
		switch k := class[t[i]]; {
		case k&clsDigit != 0:
			number = true
			i++
		case k&(clsLetter|clsHigh) != 0:
			e := wordEnd(t, i)
			if e-i <= 20 {
				if f, ok := foldWord(buf[:0], t[i:e]); ok && houseWords[string(f)] {
					word = true
				}
			}
			i = e
		default:
			i++
		}
	}
	if number && (word || s.tokens >= 3) {
		s.flags |= flagHouse
	}
}

// dateOnly sets flagDate where the cell is a date, with or without a time, or
// a year alone.
func (s *scanner) dateOnly() {
	t := s.text[s.begin:s.end]
	if len(t) < 4 || len(t) > 32 {
		return
	}
	var v, n [3]int
	var sep byte
	i, parts := 0, 0
	for parts < 3 {
		b := i
		for i < len(t) && digit(t[i]) && i-b < 5 {
			v[parts] = v[parts]*10 + int(t[i]-'0')
			i++
		}
		if i == b {
			return
		}
		n[parts] = i - b
		parts++
		if i == len(t) || t[i] == 'T' || t[i] == ' ' {
			break
		}
		if t[i] != '/' && t[i] != '-' && t[i] != '.' || sep != 0 && t[i] != sep {
			return
		}
		sep = t[i]
		i++
	}
	switch {
	case parts == 1:
		if i == len(t) && n[0] == 4 && v[0] >= 1850 && v[0] <= 2100 {
			s.flags |= flagYear
		}
	case parts == 3 && n[0] == 4 && v[0] >= 1800 && v[0] <= 2200 && v[1] >= 1 && v[1] <= 12 && v[2] >= 1 && v[2] <= 31,
		parts == 3 && n[2] == 4 && v[2] >= 1800 && v[2] <= 2200 && v[0] >= 1 && v[0] <= 31 && v[1] >= 1 && v[1] <= 31 && (v[0] <= 12 || v[1] <= 12),
		parts == 2 && n[1] == 4 && v[1] >= 1800 && v[1] <= 2200 && v[0] >= 1 && v[0] <= 12:
		s.flags |= flagDate
	}
}

// phoneWordNear looks for a word of telephones close before or behind.
func phoneWordNear(t []byte, from, to int) bool {
	var buf [32]byte
	// Before: the last three words within 32 bytes.
	lo := max(0, from-32)
	seen := 0
	for i := from; i > lo && seen < 4; {
		for i > lo && class[t[i-1]]&(clsLetter|clsHigh) == 0 {
			if t[i-1] == '\n' && i < from-1 || digit(t[i-1]) {
				seen = 9
				break
			}
			i--
		}
		e := i
		for i > lo && class[t[i-1]]&(clsLetter|clsHigh) != 0 {
			i--
		}
		if e == i || seen >= 9 {
			break
		}
		seen++
		if f, ok := foldWord(buf[:0], clip(t[i:e])); ok && phoneBefore[string(f)] {
			return true
		}
	}
	i := to
	for i < len(t) && i < to+3 && (t[i] == ' ' || t[i] == '-' || t[i] == '(') {
		i++
	}
	if e := wordEnd(t, i); e > i {
		if f, ok := foldWord(buf[:0], clip(t[i:e])); ok && phoneBehind[string(f)] {
			return true
		}
	}
	return false
}

func clip(w []byte) []byte { return w[:min(len(w), 24)] }

var (
	phoneBefore = wordSet("phone telephone tel call calling fax mobile cell cellphone desk hotline answering messages sms zalo viber whatsapp sdt dt dtdd thoai dong goi reach telefono tlf telefon handy")
	phoneBehind = wordSet("fax mobile office phone zalo viber cell")
)
