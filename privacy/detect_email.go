package privacy

import "bytes"

// email is RFC 5322 as people write it: a local part of letters, digits and
// ._%+-', a domain with a top level of letters. An office's address (".gov.vn",
// or a role such as info@ and vanthu@) is public; decide.go asks officeMail.
var email = Detector{
	Kind: "email", Class: ClassDirect, Strength: Strong, Family: "email", Sparse: true, InText: true,
	Hints: []string{"email", "e mail", "mail", "thu dien tu", "email address", "hop thu"},
}

// urlUser is a URL that carries a user, as ftp://an:secret@host.
var urlUser = Detector{
	Kind: "url_user", Class: ClassDirect, Strength: Medium, Sparse: true, InText: true,
}

// mailAround gives the address around the @ at position at.
func mailAround(t []byte, at int) (from, to int, ok bool) {
	from, to = at, at+1
	for from > 0 && localByte(t[from-1]) {
		from--
	}
	for from < at && (t[from] == '.' || t[from] == '-' || t[from] == '\'') {
		from++
	}
	for to < len(t) && domainByte(t[to]) {
		to++
	}
	for to > at && !alnumHigh(t[to-1]) {
		to--
	}
	if from == at || to <= at+3 {
		return 0, 0, false
	}
	domain := t[at+1 : to]
	dot := bytes.LastIndexByte(domain, '.')
	// "a@b.com.The next sentence": a top level is letters only and short.
	if dot <= 0 || len(domain)-dot-1 < 2 || len(domain)-dot-1 > 24 {
		return 0, 0, false
	}
	for _, c := range domain[dot+1:] {
		if !letter(c&^0x20) && c < 0x80 && c != '-' && !digit(c) {
			return 0, 0, false
		}
	}
	if digit(domain[dot+1]) || bytes.Contains(domain, []byte("..")) || domain[0] == '.' || domain[0] == '-' {
		return 0, 0, false
	}
	return from, to, true
}

func localByte(c byte) bool {
	return alnumHigh(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-' || c == '\'' || c == '!' || c == '#' || c == '&' || c == '*' || c == '~'
}

func domainByte(c byte) bool { return alnumHigh(c) || c == '.' || c == '-' }

// officeMail says whether an address is a post's and not a person's.
func officeMail(mail []byte) bool {
	at := bytes.IndexByte(mail, '@')
	if at < 0 {
		return false
	}
	var buf [64]byte
	domain := lowerInto(buf[:0], mail[at+1:])
	if bytes.HasSuffix(domain, []byte(".gov.vn")) || bytes.Equal(domain, []byte("gov.vn")) || bytes.HasSuffix(domain, []byte(".chinhphu.vn")) {
		return true
	}
	var lbuf [64]byte
	local := lowerInto(lbuf[:0], mail[:at])
	// A role by itself, or the first or last part of one: "info", "security-team".
	if roles[string(local)] {
		return true
	}
	start := 0
	parts, role := 0, 0
	for i := 0; i <= len(local); i++ {
		if i == len(local) || local[i] == '.' || local[i] == '-' || local[i] == '_' || local[i] == '+' {
			p := local[start:i]
			if len(p) > 0 {
				parts++
				if roles[string(p)] {
					role++
				}
			}
			start = i + 1
		}
	}
	return role > 0 && role*2 >= parts
}

func lowerInto(dst, b []byte) []byte {
	for _, c := range b {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

var roles = wordSet(`info infor information contact contacts contactus lienhe vanthu vanphong vp support help helpdesk servicedesk hotro
	admin administrator webmaster web hostmaster postmaster office mail email hello sales marketing press media news abuse security soc
	cybersecurity infosec itsecurity cyber csirt cert noc isso ciso privacy dpo legal hr tuyendung jobs careers recruitment billing
	accounting finance ketoan phongketoan team it ict service services customerservice cskh chamsockhachhang enquiries enquiry inquiries
	inquiry feedback gopy tiepdan congthongtin banbientap toasoan noreply no-reply donotreply reports report vulnerability
	vulnerabilities disclosure vdp domains domain dns network ubnd ubndxa ubndtinh congdoan thuvien library school truong registrar
	secretariat secretary reception director board comments questions public pio operations ops`)
