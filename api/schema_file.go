package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/datasets"
)

// Beside each CSV of a release lies its Table Schema (Frictionless Data, v2):
// keys and labels, types, units, the primary key. It is made of what the
// release itself says of its columns, so that nothing stands in it that the
// file does not show; constraints that an agency holds its own files to are not
// repeated, for a treatment may have changed what they are about.

const schemaEnding = ".schema.json"

type publishedSchema struct {
	Schema  string           `json:"$schema"`
	Fields  []publishedField `json:"fields"`
	Missing []string         `json:"missingValues"`
	Key     []string         `json:"primaryKey,omitempty"`
}

type publishedField struct {
	Name   string `json:"name"`
	Title  string `json:"title,omitempty"`
	Type   string `json:"type"`
	Unit   string `json:"unit,omitempty"`
	CRS    string `json:"crs,omitempty"`
	Source string `json:"sourceFormat,omitempty"` // how it stood in the agency's file
}

// fieldTypes are Table Schema's words for ours. A geometry is text in a CSV.
var fieldTypes = map[string]string{"text": "string", "integer": "integer", "decimal": "number", "float": "number", "boolean": "boolean", "date": "date", "timestamp": "datetime", "geometry": "string"}

// schemaOf is the schema of the CSV that a name with schemaEnding stands beside.
func schemaOf(r *catalog.Release, name string) ([]byte, bool) {
	stem, ok := strings.CutSuffix(name, schemaEnding)
	f, known := r.File(stem + ".csv")
	if !ok || !known {
		return nil, false
	}
	for _, t := range r.Tables {
		if t.Name == f.Table || len(r.Tables) == 1 {
			b, err := json.MarshalIndent(publishedTable(t), "", "  ")
			return b, err == nil
		}
	}
	return nil, false
}

func publishedTable(t datasets.TableInfo) publishedSchema {
	s := publishedSchema{Schema: "https://datapackage.org/profiles/2.0/tableschema.json", Fields: []publishedField{}, Missing: []string{""}, Key: t.PrimaryKey}
	for _, c := range t.Columns {
		base, _, _ := strings.Cut(c.Type, "(")
		f := publishedField{Name: c.Key, Type: fieldTypes[base], Unit: c.Unit, CRS: c.CRS, Source: c.Format}
		if c.Label != c.Key {
			f.Title = c.Label
		}
		s.Fields = append(s.Fields, f)
	}
	return s
}

// sendSchema answers like a released file: it never changes either.
func (s *server) sendSchema(c *fiber.Ctx, r *catalog.Release, b []byte) error {
	sum := sha256.Sum256(b)
	tag := `"` + hex.EncodeToString(sum[:]) + `"`
	h := &c.Response().Header
	h.Set(fiber.HeaderContentType, "application/json; charset=utf-8")
	h.Set(fiber.HeaderETag, tag)
	h.Set(fiber.HeaderLastModified, r.Published.UTC().Format(http.TimeFormat))
	h.Set(fiber.HeaderCacheControl, "public, max-age=86400, s-maxage=3600, immutable")
	if none := c.Get(fiber.HeaderIfNoneMatch); none != "" && listed(none, tag, true) {
		return c.SendStatus(fiber.StatusNotModified)
	}
	return c.Send(b)
}
