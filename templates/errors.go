package templates

import "strconv"

// errorStatuses have words of their own in lang/*.json.
var errorStatuses = []int{400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 415, 416, 421, 422, 423, 429, 451, 460, 500, 503, 507}

// errorKey is where the words for a status begin.
func errorKey(status int) string {
	for _, s := range errorStatuses {
		if s == status {
			return "error." + strconv.Itoa(s)
		}
	}
	if status >= 400 && status < 500 {
		return "error.400"
	}
	return "error.500"
}
