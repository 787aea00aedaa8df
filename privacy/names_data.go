package privacy

// Words of Vietnamese names, from counts of tokens in a public list of full
// names (NAMES_SOURCE.txt). Only tokens that were seen at least five times.

// surnames: 62.
const surnames = `
	bùi bạch cao chu chung châu diệp dư dương giang hoàng huỳnh hà hồ hồng hứa kiều la lâm lã lê lý lưu lương lại lữ mai
	nguyễn ngô nhan nông phan phùng phạm quách thái thạch trang triệu trương trần trịnh tô tôn tăng tạ tống từ võ văn vũ
	vương y âu đinh đoàn đàm đào đậu đặng đồng đỗ`

// givenNames are the tokens that end a full name, or stand in its middle: 301.
const givenNames = `
	an anh bá bách bé bình bích bảo bắc bằng cao chi chinh chiến chung chánh châu chí chính chương chấn cát công cương cường
	cảnh cẩm danh diễm diệp diệu du dung duy duyên duyệt dũng dương em gia giang giáp hiến hiếu hiền hiển hiệp hiệu hoa hoan
	hoà hoài hoàn hoàng huy huyền huân huấn huệ huỳnh hà hào hân hòa hóa hùng hưng hương hường hưởng hạnh hải hảo hậu hằng
	hồ hồng hữu kha khang khanh khiêm khoa khuê khánh khôi khương khả khải khắc kim kiên kiều kiệt kỳ lan linh liêm liên
	loan long luân luận luật ly lâm lân lê lý lưu lương lập lệ lộc lợi lực mai minh my mạnh mẫn mậu mộng mỹ nam nga nghi
	nghiệp nghĩa nghị nguyên nguyễn nguyệt ngân ngô ngọc nhi nhung nhàn nhân nhã nhơn như nhất nhẫn nhật nhựt ninh nương
	oanh phan phi phong phát phú phúc phương phước phượng phạm phụng quang quyên quyết quyền quân quí quý quốc quỳnh sang
	sinh song sáng sĩ sơn sỹ thanh thi thiên thiện thoa thoại thu thuý thuần thuận thuỳ thuỷ thành thái thân thông thùy thúy
	thăng thơ thư thương thưởng thạch thảo thất thắng thế thị thịnh thọ thống thủy thức tiên tiến tiểu tiệp toàn toản trang
	tri trinh triết triều triệu trung trà trâm trân trình trí trúc trương trường trần trịnh trọng trực tuyên tuyến tuyết
	tuyền tuyển tuân tuấn tài tâm tân tín tính tùng tú tăng tường tưởng tấn tất tịnh tố tự uy uyên vi vinh viên viết viễn
	việt vy vân võ văn vĩ vĩnh vũ vương vượng xuân yến ái ánh ân âu ý đan đinh điền điệp đoàn đào đình đông đăng đại đạo đạt
	đắc đặng định đồng đỗ đức ất`
