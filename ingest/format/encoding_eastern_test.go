package format

import (
	"strings"
	"testing"

	xtext "golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// TestEasternEncodings writes invented tables in the encodings of China,
// Korea, Taiwan and Japan, and reads them without being told.
func TestEasternEncodings(t *testing.T) {
	for _, c := range []struct {
		name string
		in   xtext.Encoding
		text string
	}{
		{"gb18030", simplifiedchinese.GB18030, "地区,年份,人口数量,备注\n北京市朝阳区,2021,3452000,根据第七次全国人口普查数据统计\n上海市浦东新区,2021,5681500,包括常住人口和流动人口\n广州市天河区,2021,2241800,数据来源于统计局\n"},
		{"gb18030", simplifiedchinese.GBK, "学校名称,类型,学生人数\n第一中学,公立,1200\n实验小学,公立,860\n外国语学校,民办,540\n"},
		{"gb18030", simplifiedchinese.GB18030, "姓氏,用字\n王,常用\n\U00020BB7,罕用字在扩展区\n张,常用汉字之一\n"},
		{"euc-kr", korean.EUCKR, "지역,연도,인구,비고\n서울특별시 종로구,2021,144683,주민등록인구 통계\n부산광역시 해운대구,2021,401206,행정안전부 자료\n대구광역시 수성구,2021,412910,외국인은 포함하지 않음\n"},
		{"big5", traditionalchinese.Big5, "地區,年份,人口數,備註\n臺北市大安區,2021,296800,戶籍登記人口統計資料\n高雄市左營區,2021,197300,資料來源為內政部\n臺中市西屯區,2021,231900,不含外籍人士\n"},
		{"cp932", japanese.ShiftJIS, "地域,年,人口,備考\n東京都千代田区,2021,67300,住民基本台帳による人口です\n大阪市北区,2021,139400,外国人を含みます\n札幌市中央区,2021,248700,統計局のデータ\n"},
		{"cp932", japanese.ShiftJIS, "ﾁｲｷ,ｼﾝｺｳ\nﾄｳｷｮｳﾄ,ｱﾘ\nｵｵｻｶｼ,ﾅｼ\nｻｯﾎﾟﾛｼ,ｱﾘ\n"},
	} {
		text, err := c.in.NewEncoder().String(c.text)
		if err != nil {
			t.Fatal(err)
		}
		f, err := openText(t, text, Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if f.Report.Encoding != c.name || len(f.Report.Questions) > 0 {
			t.Errorf("%s: read as %s, questions %v", c.name, f.Report.Encoding, f.Report.Questions)
		}
		var b strings.Builder
		if err := WriteTable(&b, f.Tables[0], false); err != nil || b.String() != c.text {
			t.Errorf("%s: %v, cells differ:\n%s", c.name, err, b.String())
		}
	}
}
