package api

import (
	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/templates"
)

// work is what every page behind the door knows.
func (s *server) work(c *fiber.Ctx) templates.Work {
	return templates.Work{User: callerOf(c).Name, Form: formToken(c)}
}

// ownAgency is whose uploads a caller sees; "": of all agencies.
func ownAgency(who Caller) catalog.AgencyID {
	if who.Admin {
		return ""
	}
	return who.Agency
}

// workPage lists an agency's uploads.
func (s *server) workPage(c *fiber.Ctx) (any, error) {
	lang, agency := language(c), ownAgency(callerOf(c))
	p := templates.WorkPage{Site: s.site(c, templates.NavWork), Work: s.work(c)}
	if agency != "" {
		a, err := s.Catalog.Agency(c.UserContext(), string(agency))
		if err != nil {
			return nil, err
		}
		p.Agency = text(a.Name, lang)
	}
	list, err := s.Intake.Uploads(c.UserContext(), agency)
	if err != nil {
		return nil, err
	}
	if callerOf(c).Admin {
		dead, err := s.Intake.Dead(c.UserContext())
		if err != nil {
			return nil, err
		}
		for _, j := range dead {
			p.Dead = append(p.Dead, templates.DeadJob{ID: j.ID, Upload: templates.Link{Text: templates.T(j.Upload[:8]), URL: link(lang, "/agency/uploads/"+j.Upload)}, Reason: j.Reason, Attempts: j.Attempts, At: j.At})
		}
	}
	drafts := map[catalog.DatasetID]*catalog.Dataset{}
	for _, u := range list {
		d := drafts[u.Dataset]
		if d == nil {
			if d, err = s.Intake.Draft(c.UserContext(), string(u.Dataset)); err != nil {
				return nil, err
			}
			drafts[u.Dataset] = d
		}
		line := templates.UploadLine{Dataset: templates.Link{Text: text(d.Title, lang), URL: link(lang, "/agency/uploads/"+u.ID)}, State: u.State, Stage: u.Stage, Bytes: u.Bytes, Created: u.Created}
		if u.State == catalog.StatePublished && u.Release > 0 {
			line.Result = templates.Link{Text: templates.T(s.pages.Say(lang, "version.n", u.Release)), URL: link(lang, "/datasets/"+d.Slug+"/v/"+itoa(u.Release))}
		}
		if u.State == catalog.StateWaiting {
			p.Waiting = append(p.Waiting, line)
		} else {
			p.Others = append(p.Others, line)
		}
	}
	return p, nil
}
