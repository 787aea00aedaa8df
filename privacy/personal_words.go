package privacy

import (
	"bytes"
	"slices"
)

// wordKinds are looked for in words that are written to be public: the kinds
// whose check hardly ever takes a law's number, a year, a sum of money or a
// code for one of a person. Weak and medium kinds of other countries, names and
// landlines are left to the reader: a title may well hold them.
var wordKinds = []Kind{"cccd", "phone_vn", "card", "email", "url_user", "iban", "fr_nir", "cn_ric", "kr_rrn"}

// PersonalWords names the kinds of personal data that stand in a title, a
// description or another text that people write about data, each once, in the
// order of Detectors. An office's e-mail address is none. Where contact is
// true the text says how an office is reached, and there every address is an
// office's but those of providers of private mail.
func PersonalWords(text string, contact bool) []Kind {
	var found []Kind
	cell := []byte(text)
	// Any year is believed: what stands in a text is not of today only.
	SpansIn(cell, 0, func(k Kind, from, to int) {
		if !slices.Contains(wordKinds, k) || slices.Contains(found, k) {
			return
		}
		if k == email.Kind && !privateMail(cell[from:to], contact) {
			return
		}
		found = append(found, k)
	})
	slices.SortFunc(found, func(a, b Kind) int { return kindIndex(a) - kindIndex(b) })
	return found
}

func privateMail(mail []byte, contact bool) bool {
	at := bytes.LastIndexByte(mail, '@')
	if at < 0 {
		return false
	}
	domain := lowerInto(nil, mail[at+1:])
	return privateProviders[string(domain)] || !contact && !officeMail(mail)
}

// privateProviders give mailboxes to anyone; an office that uses one is asked
// for another address, since the two cannot be told apart.
var privateProviders = wordSet(`gmail.com googlemail.com yahoo.com yahoo.com.vn ymail.com hotmail.com outlook.com outlook.com.vn live.com
	msn.com icloud.com me.com proton.me protonmail.com zoho.com aol.com mail.ru yandex.ru qq.com 163.com`)
