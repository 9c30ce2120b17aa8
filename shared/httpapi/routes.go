package httpapi

import (
	"gleaner/shared/export"
)

// Route is a method and a pattern of net/http.ServeMux.
type Route struct {
	Method  string
	Pattern string
}

type route struct {
	Route
	public bool // needs no key
	handle handle
}

// Routes lists all routes of the API, so that a deployment can be compared with it.
func Routes() []Route { return list((&api{}).routes()) }

// WatchRoutes lists the routes that NewWatch answers too.
func WatchRoutes() []Route { return list((&api{}).watchRoutes()) }

func list(routes []route) []Route {
	all := make([]Route, 0, len(routes))
	for _, r := range routes {
		all = append(all, r.Route)
	}
	return all
}

func (a *api) routes() []route {
	rs := []route{
		{Route{"POST", "/jobs"}, false, a.create},
		{Route{"PUT", "/jobs/{id}/chunks/{n}"}, false, a.appendChunk},
		{Route{"POST", "/jobs/{id}/start"}, false, a.start},
		{Route{"GET", "/jobs"}, false, a.jobs},
		{Route{"GET", "/jobs/{id}"}, false, a.job},
		{Route{"DELETE", "/jobs/{id}"}, false, a.remove},
		{Route{"GET", "/jobs/{id}/emails"}, false, a.emails},
		{Route{"GET", "/jobs/{id}/urls"}, false, a.urls},
		{Route{"GET", "/jobs/{id}/failures"}, false, a.failures},
		{Route{"POST", "/tickets"}, false, a.ticket},
		{Route{"GET", "/keys"}, false, a.keys},
		{Route{"POST", "/keys"}, false, a.createKey},
		{Route{"DELETE", "/keys/{id}"}, false, a.revokeKey},
		{Route{"GET", "/webhook"}, false, a.webhookSecret},
		{Route{"POST", "/webhook/rotate"}, false, a.rotateWebhookSecret},
		{Route{"GET", "/jobs/{id}/webhook"}, false, a.deliveries},
		{Route{"POST", "/jobs/{id}/webhook"}, false, a.sendAgain},
		{Route{"GET", "/suppressions"}, false, a.suppressions},
		{Route{"POST", "/suppressions"}, false, a.suppress},
		{Route{"DELETE", "/suppressions"}, false, a.unsuppress},
		{Route{"GET", "/meta"}, false, a.meta},
		{Route{"GET", "/health"}, true, a.health},
		{Route{"GET", "/openapi.json"}, true, a.openapi},
		{Route{"GET", "/docs"}, true, a.docs},
	}
	for _, v := range verbs {
		rs = append(rs, route{Route{"POST", "/jobs/{id}/" + v.name}, false, a.control(v.do, v.starts)})
	}
	return append(rs, a.watchRoutes()...)
}

// watchRoutes only look at one job, some of them for long.
func (a *api) watchRoutes() []route {
	rs := []route{
		{Route{"GET", "/jobs/{id}/progress"}, false, a.progress},
		{Route{"GET", "/jobs/{id}/events"}, false, a.events},
	}
	for _, f := range []export.Format{export.CSV, export.NDJSON, export.XLSX} {
		rs = append(rs,
			route{Route{"GET", "/jobs/{id}/emails." + string(f)}, false, a.exportEmails(f)},
			route{Route{"GET", "/jobs/{id}/urls." + string(f)}, false, a.exportURLs(f)})
	}
	return rs
}
