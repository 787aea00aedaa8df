package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"daylight/catalog"
	"daylight/ingest/tableschema"
	"daylight/store"
)

// Attach holds a dataset's next files to a Table Schema: the table of this name
// ("" where a file holds one). An empty schema takes the one that holds away. A
// plan that brings its own goes before. *catalog.ErrSchema says what is wrong.
func (in *Inbox) Attach(ctx context.Context, by string, id catalog.DatasetID, table string, schema []byte) error {
	if err := in.attach(ctx, by, id, table, bytes.TrimSpace(schema)); err != nil {
		return fmt.Errorf("attach schema: %w", err)
	}
	return nil
}

func (in *Inbox) attach(ctx context.Context, by string, id catalog.DatasetID, table string, schema []byte) error {
	if len(table) > maxLabel {
		return &catalog.ErrSchema{Detail: "the name of the table is too long"}
	}
	if _, err := in.drafts.Dataset(ctx, string(id)); err != nil {
		return err
	}
	var text []byte
	if len(schema) > 0 {
		s, err := tableschema.Parse(schema)
		if err == nil {
			err = s.Known(ctx, codeLists{in.catalog, in.shelf.Library()})
		}
		var wrong *tableschema.Error
		if errors.As(err, &wrong) {
			return &catalog.ErrSchema{Pointer: wrong.Pointer, Detail: wrong.Detail}
		}
		if err != nil {
			return err
		}
		if text, err = compact(schema); err != nil {
			return err
		}
	}
	return in.db.InTx(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM table_schemas WHERE dataset_id = $1 AND table_name = $2`, string(id), table)
		if err == nil && text != nil {
			_, err = tx.Exec(ctx, `INSERT INTO table_schemas (dataset_id, table_name, schema, by_user, updated_at) VALUES ($1, $2, $3, $4, $5)`,
				string(id), table, string(text), by, in.now())
		}
		if err != nil {
			return err
		}
		return in.audit(ctx, tx, by, "schema.attach", string(id), map[string]any{"attached": text != nil, "bytes": len(text)})
	})
}

// compact is the same JSON with sorted keys and without space; numbers stay as
// they are written.
func compact(text []byte) ([]byte, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// Attached are the schemas that a dataset's files are held to, by table.
func (in *Inbox) Attached(ctx context.Context, id catalog.DatasetID) (map[string]json.RawMessage, error) {
	rows, err := in.db.Query(ctx, `SELECT table_name, schema FROM table_schemas WHERE dataset_id = $1`, string(id))
	if err != nil {
		return nil, fmt.Errorf("read schemas: %w", err)
	}
	defer rows.Close()
	out := map[string]json.RawMessage{}
	for rows.Next() {
		var table, text string
		if err := rows.Scan(&table, &text); err != nil {
			return nil, fmt.Errorf("read schemas: %w", err)
		}
		out[table] = json.RawMessage(text)
	}
	return out, rows.Err()
}
