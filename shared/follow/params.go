package follow

import "strings"

// set is a set of names in lower case.
type set map[string]bool

func setOf(names string) set {
	s := make(set)
	for _, name := range strings.Fields(names) {
		s[name] = true
	}
	return s
}

// trackingParams are query parameters that say where a visitor came from and
// nothing about the page.
var trackingParams = setOf(`
	gclid gclsrc dclid gbraid wbraid gad_source gad_campaignid srsltid
	fbclid fb_action_ids fb_action_types fb_source fb_ref
	msclkid yclid ysclid _openstat twclid ttclid li_fat_id epik rdt_cid
	igsh igshid mc_cid mc_eid _ga _gl _gac _hsenc _hsmi __hssc __hstc __hsfp hsctatracking
	mkt_tok vero_id vero_conv oly_anon_id oly_enc_id s_cid s_kwcid ef_id icid ncid cmpid
	rb_clickid wickedid ref_src ref_url spm scm sc_cid trk trkcampaign _branch_match_id
	wt_mc wt.mc_id et_cid et_rid at_medium at_campaign xtor cm_mmc elqtrackid elqtrack ml_subscriber ml_subscriber_hash
`)

// trackingPrefixes begin whole families of them.
var trackingPrefixes = []string{"utm_", "pk_", "piwik_", "mtm_", "matomo_", "hsa_", "itm_"}

func isTrackingParam(name string) bool {
	if trackingParams[name] {
		return true
	}
	for _, prefix := range trackingPrefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// sessionParams are parameters that hold a session id, of a query or of a path.
var sessionParams = setOf(`
	phpsessid phpsessionid jsessionid sessionid session_id session-id sessid sess_id sessionkey
	asp.net_sessionid aspsessionid cfid cftoken oscsid zenid xtcsid mscsid fe_typo_user
	ci_session laravel_session s_sid sid_session osid wsid
`)

// minSession is the length from which a value that may be a session id is one:
// an article's "sid=1234" is not.
const minSession = 16

func isSessionParam(name, value string) bool {
	switch {
	case sessionParams[name], strings.HasPrefix(name, "aspsessionid"):
		return true
	case name == "sid" || name == "s" || name == "session":
		return len(value) >= minSession && looksRandom(value)
	}
	return false
}

// looksRandom tells an id from words: it has digits and letters, nothing else.
func looksRandom(value string) bool {
	letters, figures := 0, 0
	for i := range len(value) {
		switch c := value[i]; {
		case isLetter(c):
			letters++
		case '0' <= c && c <= '9':
			figures++
		case c != '-' && c != '_':
			return false
		}
	}
	return letters > 0 && figures > 1 || figures >= minSession
}
