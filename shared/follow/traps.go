package follow

// What traps are known by. Everything is in lower case, as it stands in addresses.

// reasons turns lists of names by reason into a table.
func reasons(lists map[string]string) map[string]string {
	table := make(map[string]string)
	for reason, names := range lists {
		for name := range setOf(names) {
			table[name] = reason
		}
	}
	return table
}

// segmentTraps are path segments, without a page's ending, and values of
// parameters such as action.
var segmentTraps = reasons(map[string]string{
	TrapAccount: `
		login log-in log_in logon signin sign-in sign_in signup sign-up sign_up logout log-out log_out logoff signout sign-out
		register registration lostpassword lost-password forgot-password forgotpassword password-reset resetpassword
		account my-account myaccount my_account user-login userlogin member-login customer-login auth oauth oauth2 sso saml
		wp-login wp-signup
		anmelden einloggen abmelden ausloggen registrieren mein-konto meinkonto kundenkonto passwort-vergessen
		connexion deconnexion mon-compte moncompte se-connecter identification creer-un-compte
		iniciar-sesion cerrar-sesion mi-cuenta micuenta registrarse
		accedi accesso-clienti il-mio-account esci registrati
		entrar iniciar-sessao minha-conta
		inloggen uitloggen mijn-account
		zaloguj logowanie wyloguj rejestracja moje-konto
		prihlaseni prihlasit odhlasit registrace muj-ucet prihlasenie
		bejelentkezes kijelentkezes regisztracio fiokom
		logga-in logga-ut mitt-konto mina-sidor log-ind min-konto kirjaudu kirjaudu-sisaan`,
	TrapCart: `
		cart shopping-cart shoppingcart add-to-cart addtocart basket shopping-basket checkout wishlist wish-list compare-products
		warenkorb kasse merkzettel wunschliste wunschzettel
		panier commande carrito cesta finalizar-compra carrello cassa carrinho winkelwagen winkelmand afrekenen
		koszyk kosik kosar varukorg kassan handlekurv indkobskurv ostoskori kassa`,
	TrapShare: `
		share sharer share-article sendtofriend send-to-friend tell-a-friend tellafriend email-a-friend recommend emailpage
		print printview print-view printable printpage print_page printer-friendly printerfriendly
		druckversion drucken drucken-version weiterempfehlen imprimer imprimir stampa drukuj tisk
		trackback replytocom comment-reply pingback`,
	TrapSearch: `search searchresults search-results advanced-search suche suchergebnisse recherche resultats-de-recherche
		buscar busqueda cerca ricerca pesquisa zoeken szukaj wyszukiwanie hledat vyhledavani kereses sok haku`,
	TrapEndpoint: `
		wp-json wp-admin wp-cron xmlrpc wp-includes cgi-bin cdn-cgi feed rss atom rss2 oembed graphql
		administrator phpmyadmin autodiscover .well-known signature.asc`,
})

// paramTraps are the names of query parameters.
var paramTraps = reasons(map[string]string{
	TrapFacet: `
		sort sortby sort_by sort-by sortorder sort_order sortdir sort_dir sortfield orderby order_by order-by ordering order orderdir dir direction
		filter filters facet facets refine refinement fq f swrfq
		limit per_page perpage per-page pagesize page_size items_per_page itemsperpage resultsperpage num_results show_all
		price minprice maxprice min_price max_price pricefrom priceto price_min price_max color colour size brand brands manufacturer
		rating_filter product_list_order product_list_dir product_list_mode product_list_limit stock_status on_sale
		view_mode viewmode listview displaymode glossar`,
	TrapCalendar: `
		tribe-bar-date tribe_event_display eventdisplay ical outlook-ical calendar_date caldate cal_date mc_id
		month mon yr year week day jahr monat woche tag mois annee mes ano`,
	TrapAccount: `login logout redirect_to redirect return_to returnurl return_url returnto return backurl back_url continue destination
		goto loginredirect rurl`,
	TrapCart:     `add-to-cart add_to_cart addtocart remove_item add_to_wishlist wishlist cart basket quantity add_to_compare compare`,
	TrapShare:    `share replytocom print printable print_version printview pdf send_to_friend ref_share like unlike vote`,
	TrapSearch:   `q query search s keyword keywords searchword searchterm search_query searchphrase suche suchbegriff kw`,
	TrapEndpoint: `rest_route doing_wp_cron oembed wc-ajax ajax xhr _wpnonce csrf token nonce download attachment_id preview replyto`,
})

// listViews are values that only change how a list is laid out.
var listViews = setOf(`grid list table gallery tiles compact map month week day agenda calendar print`)

// machineFormats are values of format parameters that give no page.
var machineFormats = setOf(`json xml rss atom feed raw pdf ical ics csv print`)

// calendarWords are segments under which dates are endless.
var calendarWords = setOf(`calendar calendars kalender veranstaltungskalender calendrier agenda calendario calendari kalendarz
	kalendar kalendaras naptar events event termine veranstaltungen eventi eventos evenements wydarzenia akce month week day`)

// binaryEndings are endings of what holds neither text nor links. Documents
// such as pdf and docx are not among them: they may hold addresses.
var binaryEndings = setOf(`
	jpg jpeg jpe png gif webp avif svg svgz ico bmp tif tiff heic psd ai eps raw
	mp3 mp4 m4a m4v aac flac ogg oga ogv opus wav wma wmv avi mov mkv webm mpg mpeg flv 3gp swf m3u8
	zip rar 7z gz tgz bz2 xz tar zst jar war iso img dmg pkg deb rpm apk ipa exe msi bin cab dll
	woff woff2 ttf otf eot css js mjs map json wasm rss atom
	dwg dxf stl step stp iges skp gpx kml kmz torrent`)

// pageEndings are endings of pages, which say nothing about what is on them.
var pageEndings = setOf(`html htm xhtml shtml php php3 php5 phtml asp aspx jsp jspx jsf do cfm cgi pl py rb xml`)
