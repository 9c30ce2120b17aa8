package follow_test

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"testing"

	"gleaner/shared/follow"
)

// TestContactInManyLanguages has an invented site for each language, with what
// such sites link to, and the addresses that Contact must choose, best first.
// An item is "text → path"; what follows must not be chosen, as
// products, news or accounts.
//
//nolint:misspell // these are words of other languages
func TestContactInManyLanguages(t *testing.T) {
	for _, tt := range []struct {
		language string
		host     string
		chosen   []string // in the order wanted
		passed   []string
	}{
		{
			"en", "www.harrowgatejoinery.co.uk",
			[]string{"Contact Us → /contact-us", "Meet the team → /our-team", "About → /about", "Privacy Policy → /privacy"},
			[]string{"Home → /home", "Kitchens → /kitchens", "Our latest project in Leeds → /blog/leeds-project", "Basket → /basket", "Press releases → /news/press-releases", "Daily contact lenses → /shop/contact-lenses"},
		},
		{
			"en-US", "www.millbrookdental.com",
			[]string{"Get in touch → /p/44", "Our Doctors → /p/12", "Our Story → /p/3", "Locations & Hours → /locations", "Careers → /careers"},
			[]string{"Services → /services", "Teeth whitening → /services/whitening", "Patient login → /login", "Blog → /blog"},
		},
		{
			"de", "www.baeckerei-lindhorst.de",
			[]string{"Kontakt → /kontakt.html", "Impressum → /impressum.html", "Unser Team → /team.html", "Über uns → /ueber-uns.html", "Datenschutz → /datenschutz.html"},
			[]string{"Startseite → /start.html", "Brote und Brötchen → /sortiment.html", "Aktuelles → /aktuelles.html", "Warenkorb → /warenkorb", "Kontaktlinsen im Angebot → /angebot/kontaktlinsen"},
		},
		{
			"de-AT", "www.kanzlei-brandstetter.at",
			[]string{"Ansprechpartner → /seite.php?id=4", "Impressum & Offenlegung → /seite.php?id=9", "Rechtsanwälte → /seite.php?id=2", "Die Kanzlei → /seite.php?id=1", "Anfahrt → /seite.php?id=5"},
			[]string{"Arbeitsrecht → /seite.php?id=6", "Urteile → /seite.php?id=7"},
		},
		{
			"fr", "www.menuiserie-valcourt.fr",
			[]string{"Nous contacter → /nous-contacter", "Mentions légales → /mentions-legales", "L’équipe → /equipe", "Qui sommes-nous ? → /qui-sommes-nous", "Politique de confidentialité → /confidentialite"},
			[]string{"Accueil → /accueil", "Nos réalisations → /realisations", "Panier → /panier", "Communiqués de presse → /communiques-de-presse"},
		},
		{
			"es", "www.ferreteriaolmedo.es",
			[]string{"Contáctanos → /contactanos", "Aviso legal → /aviso-legal", "Nuestro equipo → /equipo", "Quiénes somos → /quienes-somos", "Dónde estamos → /donde-estamos"},
			[]string{"Inicio → /inicio", "Herramientas → /catalogo/herramientas", "Ofertas de otoño → /ofertas", "Carrito → /carrito"},
		},
		{
			"it", "www.officinabrembati.it",
			[]string{"Contatti → /contatti", "Note legali → /note-legali", "Lo staff → /staff", "Chi siamo → /chi-siamo", "Dove siamo → /dove-siamo"},
			[]string{"Home → /home", "Servizi → /servizi", "Comunicati stampa → /comunicati", "Carrello → /carrello"},
		},
		{
			"pt", "www.padariaquintela.com.br",
			[]string{"Fale conosco → /fale-conosco", "Nossa equipe → /equipe", "Quem somos → /quem-somos", "Onde estamos → /lojas", "Política de privacidade → /politica"},
			[]string{"Início → /inicio", "Cardápio → /cardapio", "Receitas → /receitas", "Carrinho → /carrinho"},
		},
		{
			"nl", "www.fietsenvandermolen.nl",
			[]string{"Contactgegevens → /contactgegevens", "Colofon → /colofon", "Onze medewerkers → /medewerkers", "Over ons → /over-ons", "Openingstijden → /openingstijden"},
			[]string{"Home → /home", "Elektrische fietsen → /e-bikes", "Winkelwagen → /winkelwagen", "Nieuws → /nieuws"},
		},
		{
			"pl", "www.stolarniawisniewo.pl",
			[]string{"Kontakt → /kontakt", "Nota prawna → /nota-prawna", "Nasz zespół → /zespol", "O nas → /o-nas", "Polityka prywatności → /polityka-prywatnosci"},
			[]string{"Strona główna → /start", "Realizacje → /realizacje", "Koszyk → /koszyk", "Aktualności → /aktualnosci"},
		},
		{
			"cs", "www.truhlarstvi-hajnice.cz",
			[]string{"Kontakty → /kontakty", "Náš tým → /tym", "O nás → /o-nas", "Kde nás najdete → /mapa", "Ochrana osobních údajů → /gdpr"},
			[]string{"Úvod → /uvod", "Nábytek na míru → /nabytek", "Košík → /kosik", "Novinky → /novinky"},
		},
		{
			"sk", "www.pekaren-lubica.sk",
			[]string{"Napíšte nám → /formular", "Naši lekári → /lekari", "O spoločnosti → /o-spolocnosti", "Otváracie hodiny → /hodiny"},
			[]string{"Domov → /domov", "Chlieb → /chlieb", "Košík → /kosik"},
		},
		{
			"hu", "www.asztalosdunaszeg.hu",
			[]string{"Elérhetőségek → /elerhetosegek", "Impresszum → /impresszum", "Munkatársaink → /munkatarsak", "Rólunk → /rolunk", "Nyitvatartás → /nyitvatartas"},
			[]string{"Kezdőlap → /kezdolap", "Bútorok → /butorok", "Kosár → /kosar", "Hírek → /hirek"},
		},
		{
			"ro", "www.brutarialunca.ro",
			[]string{"Contactați-ne → /contactati-ne", "Echipa noastră → /echipa", "Despre noi → /despre-noi", "Politica de confidențialitate → /confidentialitate"},
			[]string{"Acasă → /acasa", "Produse → /produse", "Noutăți → /noutati"},
		},
		{
			"sv", "www.snickerietalmby.se",
			[]string{"Kontakta oss → /kontakta-oss", "Våra medarbetare → /medarbetare", "Om oss → /om-oss", "Öppettider → /oppettider", "Lediga jobb → /jobb"},
			[]string{"Hem → /hem", "Kök och bad → /kok", "Varukorg → /varukorg", "Pressmeddelanden → /pressmeddelanden"},
		},
		{
			"no", "www.snekkerfjelldal.no",
			[]string{"Ta kontakt → /kontakt", "Ansatte → /ansatte", "Om bedriften → /om-bedriften", "Åpningstider → /apningstider", "Personvern → /personvern"},
			[]string{"Hjem → /hjem", "Tjenester → /tjenester", "Handlekurv → /handlekurv"},
		},
		{
			"da", "www.bagerivesterlund.dk",
			[]string{"Kontakt os → /kontakt-os", "Medarbejdere → /medarbejdere", "Om os → /om-os", "Find vej → /find-vej", "Persondatapolitik → /persondata"},
			[]string{"Forside → /forside", "Brød → /broed", "Nyheder → /nyheder", "Kontaktlinser → /linser"},
		},
		{
			"is", "www.braudhusid.is",
			[]string{"Hafðu samband → /hafa-samband", "Starfsfólk → /starfsfolk", "Um okkur → /um-okkur", "Opnunartími → /opnun"},
			[]string{"Forsíða → /forsida", "Vörur → /vorur"},
		},
		{
			"fi", "www.leipomokoivula.fi",
			[]string{"Yhteystiedot → /yhteystiedot", "Henkilökunta → /henkilokunta", "Tietoa meistä → /tietoa-meista", "Aukioloajat → /aukioloajat", "Tietosuojaseloste → /tietosuoja"},
			[]string{"Etusivu → /etusivu", "Tuotteet → /tuotteet", "Ostoskori → /ostoskori", "Uutiset → /uutiset"},
		},
		{
			"et", "www.pagaritare.ee",
			[]string{"Võta ühendust → /vota-uhendust", "Meeskond → /meeskond", "Ettevõttest → /ettevottest", "Lahtiolekuajad → /ajad"},
			[]string{"Avaleht → /avaleht", "Tooted → /tooted", "Uudised → /uudised"},
		},
		{
			"lv", "www.maiznicaozoli.lv",
			[]string{"Sazinies ar mums → /sazina", "Mūsu komanda → /komanda", "Par mums → /par-mums", "Darba laiks → /laiks"},
			[]string{"Sākums → /sakums", "Produkti → /produkti", "Jaunumi → /jaunumi"},
		},
		{
			"lt", "www.kepyklaazuolas.lt",
			[]string{"Susisiekite su mumis → /susisiekite", "Rekvizitai → /rekvizitai", "Darbuotojai → /darbuotojai", "Apie mus → /apie-mus"},
			[]string{"Pradžia → /pradzia", "Gaminiai → /gaminiai", "Naujienos → /naujienos"},
		},
		{
			"ca", "www.fornpuigdellívol.cat",
			[]string{"Contacteu-nos → /contacteu", "Avís legal → /avis-legal", "L'equip → /equip", "Qui som → /qui-som", "On som → /on-som"},
			[]string{"Inici → /inici", "Productes → /productes"},
		},
		{
			"el", "www.fournosmelissia.gr",
			[]string{"Επικοινωνία → /epikoinonia", "Η ομάδα μας → /omada", "Σχετικά με εμάς → /about", "Ώρες λειτουργίας → /ores"},
			[]string{"Αρχική → /arxiki", "Προϊόντα → /proionta", "Νέα → /nea"},
		},
		{
			"tr", "www.firindegirmendere.com.tr",
			[]string{"İletişim → /iletisim", "Künye → /kunye", "Ekibimiz → /ekibimiz", "Hakkımızda → /hakkimizda", "Şubelerimiz → /subeler"},
			[]string{"Anasayfa → /anasayfa", "Ürünler → /urunler", "Haberler → /haberler", "Sepet → /sepet"},
		},
		{
			"ru", "www.stolyarka-zarechye.ru",
			[]string{"Контакты → /page7", "Реквизиты → /page9", "Наша команда → /page3", "О компании → /page2", "Вакансии → /page8"},
			[]string{"Главная → /page1", "Мебель → /page4", "Новости → /page5", "Мы ВКонтакте → /vk"},
		},
		{
			"uk", "www.pekarnya-dubky.com.ua",
			[]string{"Зв’яжіться з нами → /p7", "Наша команда → /p3", "Про нас → /p2", "Графік роботи → /p4", "Вакансії → /p8"},
			[]string{"Головна → /p1", "Хліб → /p5", "Новини → /p6"},
		},
		{
			"bg", "www.furnayantra.bg",
			[]string{"Свържете се с нас → /a7", "Нашият екип → /a3", "За нас → /a2", "Работно време → /a4"},
			[]string{"Начало → /a1", "Хляб → /a5", "Новини → /a6"},
		},
		{
			"sr", "www.pekaradrenovac.rs",
			[]string{"Контакт → /k7", "Импресум → /k9", "Запослени → /k3", "О нама → /k2", "Радно време → /k4"},
			[]string{"Почетна → /k1", "Производи → /k5", "Вести → /k6"},
		},
		{
			"hr", "www.pekaralovrec.hr",
			[]string{"Kontaktirajte nas → /kontakt", "Impresum → /impresum", "Naš tim → /tim", "O nama → /o-nama", "Radno vrijeme → /radno-vrijeme"},
			[]string{"Naslovnica → /naslovnica", "Proizvodi → /proizvodi", "Novosti → /novosti"},
		},
		{
			"sl", "www.pekarnajelovica.si",
			[]string{"Kontaktni podatki → /kontaktni-podatki", "Kolofon → /kolofon", "Naša ekipa → /ekipa", "O podjetju → /o-podjetju", "Delovni čas → /cas"},
			[]string{"Domov → /domov", "Izdelki → /izdelki", "Novice → /novice"},
		},
		{
			"ja", "www.takamine-mokkou.co.jp",
			[]string{"お問い合わせ → /i7", "スタッフ紹介 → /i3", "会社概要 → /i2", "アクセス → /i4", "プライバシーポリシー → /i8"},
			[]string{"ホーム → /i1", "製品情報 → /i5", "新着情報 → /i6", "コンタクトレンズ → /lens"},
		},
		{
			"zh-Hans", "www.hengyuanmuye.cn",
			[]string{"联系我们 → /i7", "法律声明 → /i9", "管理团队 → /i3", "公司简介 → /i2", "招聘信息 → /i8"},
			[]string{"首页 → /i1", "产品中心 → /i5", "行业动态 → /i6"},
		},
		{
			"zh-Hant", "www.fulin-woodwork.com.tw",
			[]string{"聯絡我們 → /i7", "醫師團隊 → /i3", "關於我們 → /i2", "交通資訊 → /i4", "隱私權政策 → /i8"},
			[]string{"首頁 → /i1", "產品介紹 → /i5", "最新消息 → /i6"},
		},
		{
			"ko", "www.daeseonggagu.co.kr",
			[]string{"문의하기 → /i7", "조직도 → /i3", "회사소개 → /i2", "오시는 길 → /i4", "개인정보처리방침 → /i8"},
			[]string{"홈 → /i1", "제품 → /i5", "새소식 → /i6"},
		},
		{
			"ar", "www.makhbaz-alnoor.ae",
			[]string{"اتصل بنا → /i7", "فريق العمل → /i3", "من نحن → /i2", "فروعنا → /i4", "سياسة الخصوصية → /i8"},
			[]string{"الرئيسية → /i1", "المنتجات → /i5", "الأخبار → /i6"},
		},
		{
			"fa", "www.nanvaei-sahand.ir",
			[]string{"تماس با ما → /i7", "کارکنان → /i3", "درباره ما → /i2", "شعب → /i4"},
			[]string{"خانه → /i1", "محصولات → /i5", "اخبار → /i6"},
		},
		{
			"he", "www.maafiyatgilad.co.il",
			[]string{"צור קשר → /i7", "הצוות שלנו → /i3", "אודות → /i2", "סניפים → /i4", "מדיניות פרטיות → /i8"},
			[]string{"דף הבית → /i1", "מוצרים → /i5", "חדשות → /i6"},
		},
		{
			"hi", "www.sundarfurniture.in",
			[]string{"संपर्क करें → /i7", "हमारी टीम → /i3", "हमारे बारे में → /i2", "गोपनीयता नीति → /i8"},
			[]string{"मुख पृष्ठ → /i1", "उत्पाद → /i5", "समाचार → /i6"},
		},
		{
			"bn", "www.sonalibakery.com.bd",
			[]string{"যোগাযোগ → /i7", "আমাদের দল → /i3", "আমাদের সম্পর্কে → /i2"},
			[]string{"প্রচ্ছদ → /i1", "পণ্য → /i5"},
		},
		{
			"vi", "www.noithatbinhan.vn",
			[]string{"Liên hệ → /lien-he", "Đội ngũ nhân sự → /doi-ngu", "Giới thiệu → /gioi-thieu", "Hệ thống cửa hàng → /cua-hang", "Tuyển dụng → /tuyen-dung"},
			[]string{"Trang chủ → /trang-chu", "Sản phẩm → /san-pham", "Tin tức → /tin-tuc"},
		},
		{
			"th", "www.rungsanfurniture.co.th",
			[]string{"ติดต่อเรา → /i7", "ทีมงาน → /i3", "เกี่ยวกับเรา → /i2", "สาขา → /i4", "นโยบายความเป็นส่วนตัว → /i8"},
			[]string{"หน้าแรก → /i1", "สินค้า → /i5", "บทความ → /i6"},
		},
		{
			"id", "www.mebeljatiasri.co.id",
			[]string{"Hubungi Kami → /hubungi-kami", "Tim Kami → /tim", "Tentang Kami → /tentang-kami", "Lokasi → /lokasi", "Kebijakan Privasi → /privasi"},
			[]string{"Beranda → /beranda", "Produk → /produk", "Berita → /berita"},
		},
		{
			"ms", "www.perabotseri.com.my",
			[]string{"Hubungi Kami → /hubungi", "Carta Organisasi → /carta", "Mengenai Kami → /mengenai"},
			[]string{"Laman utama → /utama", "Produk → /produk"},
		},
		{
			"sw", "www.mkatehub.co.ke",
			[]string{"Wasiliana nasi → /i7", "Timu yetu → /i3", "Kuhusu sisi → /i2"},
			[]string{"Mwanzo → /i1", "Bidhaa → /i5"},
		},
		{
			"ka", "www.purismtskhobeli.ge",
			[]string{"კონტაქტი → /i7", "ჩვენი გუნდი → /i3", "ჩვენ შესახებ → /i2"},
			[]string{"მთავარი → /i1", "პროდუქცია → /i5"},
		},
	} {
		t.Run(tt.language, func(t *testing.T) {
			// The best stand neither first nor together.
			items := append(slices.Clone(tt.passed), tt.chosen...)
			slices.Reverse(items[1:])
			base := "https://" + tt.host
			var page strings.Builder
			fmt.Fprintf(&page, "<!DOCTYPE html><html lang=%s><head><meta charset=utf-8></head><body><header><ul class=nav>", tt.language)
			for i, item := range items {
				if i == len(items)/2 {
					page.WriteString("</ul></header><main><p>…</p></main><footer><ul>")
				}
				text, path := itemOf(t, item)
				fmt.Fprintf(&page, "<li><a class=\"nav-link\" href=\"%s\">\n  <span>%s</span>\n</a></li>", path, html.EscapeString(text))
			}
			page.WriteString("</ul></footer></body></html>")

			p := follow.Scan([]byte(page.String()), mustURL(t, base+"/"), "gleaner")
			var got, want []string
			for _, l := range follow.Contact(p, 50) {
				u := mustURL(t, l.URL)
				got = append(got, u.RequestURI())
			}
			for _, item := range tt.chosen {
				_, path := itemOf(t, item)
				want = append(want, path)
			}
			if !slices.Equal(got, want) {
				t.Errorf("chosen:\n got %q\nwant %q", got, want)
				for _, l := range follow.Contact(p, 50) {
					t.Logf("%4d %s %q", l.Score, l.URL, l.Text)
				}
			}
		})
	}
}

func itemOf(t *testing.T, item string) (text, path string) {
	t.Helper()
	text, path, ok := strings.Cut(item, " → ")
	if !ok {
		t.Fatalf("no arrow in %q", item)
	}
	return text, path
}
