package templates

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"path"
	"strings"
)

// Static holds the assets as they are in this folder.
//
//go:embed static
var Static embed.FS

// An asset is served at /static/{hash}/{name}: the hash is of its content, so
// the address never changes its meaning and may be cached for ever.
type asset struct {
	body      []byte
	hash      string
	mediaType string
}

// bundles are assets made of several files, in this order.
var bundles = map[string][]string{
	"daylight.css": {"tokens.css", "components.css", "work.css"},
}

// singles are assets served as they are.
var singles = []string{"favicon.svg", "progress.js"}

var mediaTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

var assets = makeAssets()

func makeAssets() map[string]asset {
	out := map[string]asset{}
	put := func(name string, parts []string) {
		var b strings.Builder
		for _, part := range parts {
			text, err := Static.ReadFile("static/" + part)
			if err != nil {
				return // a name without its file has no address; a test finds it
			}
			b.Write(text)
		}
		body := b.String()
		if path.Ext(name) == ".css" {
			body = squeeze(body)
		}
		sum := sha256.Sum256([]byte(body))
		out[name] = asset{[]byte(body), hex.EncodeToString(sum[:8]), mediaTypes[path.Ext(name)]}
	}
	for name, parts := range bundles {
		put(name, parts)
	}
	for _, name := range singles {
		put(name, []string{name})
	}
	return out
}

// squeeze takes comments and indentation out of our own CSS, which holds no
// string with either of them. What remains is read by a browser as before.
func squeeze(css string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(css, "/*")
		b.WriteString(before)
		if !found {
			break
		}
		if _, css, found = strings.Cut(rest, "*/"); !found {
			break
		}
	}
	var out strings.Builder
	for line := range strings.SplitSeq(b.String(), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out.WriteString(line)
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// Asset gives the address of an asset: "/static/{hash}/daylight.css". An
// unknown name gives "".
func Asset(name string) string {
	a, ok := assets[name]
	if !ok {
		return ""
	}
	return "/static/" + a.hash + "/" + name
}

// AssetFile gives what is served at /static/{hash}/{name}. False when there is
// no such asset, or it has another hash by now.
func AssetFile(hash, name string) (body []byte, mediaType string, ok bool) {
	a, found := assets[name]
	if !found || a.hash != hash {
		return nil, "", false
	}
	return a.body, a.mediaType, true
}
