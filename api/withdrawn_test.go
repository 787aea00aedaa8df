package api_test

import (
	"daylight/catalog"
	"daylight/store"
)

// Withdrawing has no door yet; what was withdrawn must already be answered
// rightly, so the tests write the row as that door will.
func (p *portal) withdraw(id catalog.DatasetID) {
	p.t.Helper()
	err := p.public.InTx(p.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(p.t.Context(), `UPDATE releases SET withdrawn_at = $2, withdrawal = $3 WHERE dataset_id = $1`,
			string(id), "2026-11-01T00:00:00.000000Z", `{"at":"2026-11-01T00:00:00Z","reason":{"vi":"Số liệu sai","en":"Wrong figures"}}`)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// setState puts an upload into a state that jobs would bring it to.
func (p *portal) setState(id, state string) {
	p.t.Helper()
	err := p.work.InTx(p.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(p.t.Context(), `UPDATE uploads SET state = $2 WHERE id = $1`, id, state)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}
