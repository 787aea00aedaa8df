package main

import (
	"cmp"
	"errors"
	"net/mail"

	"daylight/catalog"
	"daylight/catalog/dcat"
)

// siteSettings are what the catalogue and the feeds say of the portal itself.
type siteSettings struct {
	TitleVi     string `help:"Name of the portal in Vietnamese, for the catalogue and the feeds." env:"DAYLIGHT_TITLE_VI"`
	TitleEn     string `help:"The same in English." env:"DAYLIGHT_TITLE_EN"`
	OfficeVi    string `help:"Office that runs the portal, in Vietnamese: the catalogue's publisher." env:"DAYLIGHT_OFFICE_VI"`
	OfficeEn    string `help:"The same in English." env:"DAYLIGHT_OFFICE_EN"`
	OfficeEmail string `help:"Where the office can be reached." env:"DAYLIGHT_OFFICE_EMAIL"`
}

func (s siteSettings) check() error {
	if a, err := mail.ParseAddress(s.OfficeEmail); s.OfficeEmail != "" && (err != nil || a.Address != s.OfficeEmail) {
		return errors.New("--office-email: want an address such as opendata@example.gov.vn")
	}
	return nil
}

// site is what the settings say, and the product's own words where they say nothing.
func (s siteSettings) site(baseURL string) dcat.Site {
	office := catalog.Text{"vi": cmp.Or(s.OfficeVi, "Ban quản trị cổng dữ liệu mở"), "en": cmp.Or(s.OfficeEn, "Open data portal office")}
	return dcat.Site{
		BaseURL:     baseURL,
		Title:       catalog.Text{"vi": cmp.Or(s.TitleVi, "Daylight – Cổng dữ liệu mở"), "en": cmp.Or(s.TitleEn, "Daylight – Open data portal")},
		Description: catalog.Text{"vi": "Danh mục dữ liệu mở của các cơ quan nhà nước.", "en": "Catalogue of open government data."},
		Publisher: catalog.Agency{
			ID: portalID, Slug: "daylight", Kind: "NationalAuthority", Name: office,
			Contact: catalog.Contact{Name: office, Email: cmp.Or(s.OfficeEmail, "opendata@portal.example")},
		},
	}
}

// site of a portal without settings.
func site(baseURL string) dcat.Site { return siteSettings{}.site(baseURL) }

// portalID is the portal's own identity as a publisher, the same everywhere.
const portalID = "7d5a4c1e-0c1f-4b51-9a35-2f6f8d0e6a01"
