package follow

// Europe's other languages, with those of the Caucasus and Turkic ones.
//
//nolint:misspell // these are words of other languages
var european = []phrases{
	{"hu", contact, "kapcsolat, kapcsolatok, kapcsolatfelvétel, kapcsolatfelvetel, elérhetőség, elerhetoseg, elérhetőségek, elerhetosegek, elérhetőségeink, elerhetosegeink, írjon nekünk, irjon nekunk, lépjen kapcsolatba*, keressen minket, vegye fel velünk a kapcsolatot, ügyfélkapcsolat, ajánlatkérés, kapcsolati űrlap"},
	{"hu", imprint, "impresszum, jogi nyilatkozat, jogi információk, cégadatok, cegadatok, közérdekű adatok, cégünk adatai, kozerdeku adatok"},
	{"hu", people, "munkatársak, munkatarsak, munkatársaink, munkatarsaink, csapat, csapatunk, a csapat, vezetőség, vezetoseg, orvosok, orvosaink, tanárok, tanáraink, pedagógusok, szakértőink, ügyvédek, szerkesztőség, elnökség, tagok, tagjaink, kollégák, kollégáink, szervezeti felépítés, képviselő testület, dolgozóink, oktatók"},
	{"hu", about, "rólunk, rolunk, bemutatkozás, bemutatkozas, magunkról, magunkrol, cégünk, cegunk, cégünkről, kik vagyunk, a cégről, cég, vállalatunk, rólam, rolam, történetünk, történet, egyesület, iskolánkról, intézményünk, hivatal, önkormányzat"},
	{"hu", press, "sajtó, sajto, sajtószoba, sajtókapcsolat, médiaajánlat, mediaajanlat, hirdetőknek"},
	{"hu", places, "megközelítés, megkozelites, térkép, terkep, nyitvatartás, nyitvatartas, üzletek, üzleteink, boltjaink, telephely, telephelyeink, rendelési idő, irodáink, hol vagyunk, forgalmazók, viszonteladók, ügyfélfogadás"},
	{"hu", support, "ügyfélszolgálat, ugyfelszolgalat, segítség, segitseg, támogatás, vevőszolgálat, gyakori kérdések"},
	{"hu", privacy, "adatvédelem, adatvedelem, adatvédelmi tájékoztató, adatvedelmi tajekoztato, adatkezelési tájékoztató, adatkezeles, adatkezelés, adatvédelmi nyilatkozat"},
	{"hu", work, "karrier, állásajánlatok, allas, állás, csatlakozz hozzánk, álláslehetőségek"},
	{"hu", terms, "ászf, aszf, általános szerződési feltételek, panaszkezelés, oldaltérkép"},
	{"hu", elsewhere, "kontaktlencse*, sajtóközlemény*"},

	{"el", contact, "επικοινωνία, επικοινωνήστε, επικοινωνήστε μαζί μας, φόρμα επικοινωνίας, στοιχεία επικοινωνίας, γράψτε μας, καλέστε μας, epikoinonia, epikinonia, επαφή"},
	{"el", imprint, "νομική σημείωση, νομικές πληροφορίες, ταυτότητα, στοιχεία εταιρείας, taytotita"},
	{"el", people, "ομάδα, η ομάδα μας, η ομάδα, προσωπικό, το προσωπικό μας, οι άνθρωποί μας, συνεργάτες, οι συνεργάτες μας, διοίκηση, διοικητικό συμβούλιο, ιατροί, γιατροί, καθηγητές, μέλη, μέλη δεπ, δικηγόροι, δημοτικό συμβούλιο, συντακτική ομάδα, omada"},
	{"el", about, "σχετικά, σχετικά με εμάς, σχετικά με μας, ποιοι είμαστε, η εταιρεία, εταιρεία, η εταιρία, εταιρία, η εταιρεία μας, εταιρικό προφίλ, προφίλ, το προφίλ μας, ιστορία, βιογραφικό, ο σύλλογος, το σχολείο, ο δήμος, το γραφείο, sxetika, poioi eimaste, i etaireia, etairia"},
	{"el", press, "τύπος, γραφείο τύπου, για τον τύπο, μέσα ενημέρωσης, διαφήμιση, διαφημιστείτε"},
	{"el", places, "πού βρισκόμαστε, που θα μας βρείτε, πού θα μας βρείτε, τοποθεσία, καταστήματα, δίκτυο καταστημάτων, υποκαταστήματα, ωράριο, ώρες λειτουργίας, πρόσβαση, χάρτης, σημεία πώλησης"},
	{"el", support, "υποστήριξη, βοήθεια, εξυπηρέτηση πελατών, συχνές ερωτήσεις, τεχνική υποστήριξη"},
	{"el", privacy, "πολιτική απορρήτου, απόρρητο, προστασία δεδομένων, προσωπικά δεδομένα, προστασία προσωπικών δεδομένων"},
	{"el", work, "καριέρα, θέσεις εργασίας, ευκαιρίες καριέρας"},
	{"el", terms, "όροι χρήσης, όροι και προϋποθέσεις"},

	{"tr", contact, "iletişim, iletisim, bize ulaşın, bize ulasin, bizeulasin, iletişim formu, iletisim formu, iletişim bilgileri, bize yazın, bize yazin, bizi arayın, bizimle iletişime geçin, iletişime geçin, irtibat, ulaşım ve iletişim"},
	{"tr", imprint, "künye, kunye, yasal uyarı, yasal bilgiler, yasal, şirket bilgileri, ticari bilgiler, bilgi toplumu hizmetleri"},
	{"tr", people, "ekibimiz, ekip, takımımız, takimimiz, kadromuz, kadro, akademik kadro, akademik personel, idari personel, personel, çalışanlarımız, yönetim, yonetim, yönetim kurulu, yonetim kurulu, doktorlarımız, doktorlar, hekimlerimiz, öğretmenlerimiz, avukatlarımız, uzmanlarımız, üyeler, uyelerimiz, telefon rehberi, rehber, organizasyon şeması, bizim ekip"},
	{"tr", about, "hakkımızda, hakkimizda, hakkında, hakkinda, biz kimiz, bizkimiz, kurumsal, şirketimiz, sirketimiz, firmamız, firma hakkında, tarihçe, tarihcemiz, hakkımda, hakkimda, derneğimiz, okulumuz, kurum hakkında, büromuz"},
	{"tr", press, "basın, basin, basın odası, basın iletişim, medya, basında biz, reklam, reklam verin"},
	{"tr", places, "şubelerimiz, subelerimiz, şubeler, subeler, mağazalarımız, magazalarimiz, mağazalar, bayilerimiz, bayiler, adres, adresimiz, ulaşım, ulasim, neredeyiz, çalışma saatleri, ofislerimiz, lokasyonlar, satış noktaları, temsilcilikler"},
	{"tr", support, "destek, müşteri hizmetleri, musteri hizmetleri, yardım, yardim, sıkça sorulan sorular, teknik destek"},
	{"tr", privacy, "gizlilik, gizlilik politikası, gizlilik politikasi, kvkk, kişisel verilerin korunması, kvkk aydınlatma metni, aydınlatma metni"},
	{"tr", work, "kariyer, insan kaynakları, insan kaynaklari, iş ilanları, iş başvurusu"},
	{"tr", terms, "kullanım koşulları, kullanim kosullari, mesafeli satış sözleşmesi, site haritası, şikayet*"},
	{"tr", elsewhere, "kontak lens, basın bülteni, basın bültenleri"},

	{"az", contact, "əlaqə, elaqe, bizimlə əlaqə, əlaqə saxlayın"},
	{"az", people, "komandamız, rəhbərlik, əməkdaşlar"},
	{"az", about, "haqqımızda, haqqimizda, biz kimik, şirkət haqqında"},

	{"kk", contact, "байланыс, бізбен байланысу, байланыс ақпараты, хабарласу"},
	{"kk", people, "біздің ұжым, басшылық, қызметкерлер, ұжым"},
	{"kk", about, "біз туралы, компания туралы, мекеме туралы"},

	{"sq", contact, "kontakti, na kontaktoni, kontaktoni, na shkruani"},
	{"sq", people, "stafi, ekipi, ekipi yne, stafi yne"},
	{"sq", about, "rreth nesh, kush jemi, kush jemi ne"},
	{"sq", privacy, "politika e privatësisë"},

	{"eu", contact, "kontaktua, harremanetarako, jarri gurekin harremanetan, jar zaitez gurekin harremanetan"},
	{"eu", people, "taldea, gure taldea, lantaldea"},
	{"eu", about, "guri buruz, nor gara, nortzuk gara, honi buruz"},
	{"eu", imprint, "lege oharra, legezko oharra"},

	{"ga", contact, "déan teagmháil linn, teagmháil, deán teagmháil"},
	{"ga", about, "fúinn, maidir linn, eolas fúinn"},
	{"ga", people, "foireann, an fhoireann"},

	{"cy", contact, "cysylltu, cysylltu â ni, cysylltwch, cysylltwch â ni"},
	{"cy", about, "amdanom ni, amdanom, pwy ydym ni"},
	{"cy", people, "ein tîm, ein staff, cynghorwyr"},

	{"mt", contact, "ikkuntattjana, ikkuntattjawna, kuntatt"},
	{"mt", about, "dwarna, min aħna, fuqna"},

	{"lb", contact, "kontaktéiert eis, kontakteiert eis"},
	{"lb", about, "iwwer eis, wien mir sinn"},

	{"ka", contact, "კონტაქტი, კონტაქტები, დაგვიკავშირდით, საკონტაქტო ინფორმაცია, საკონტაქტო"},
	{"ka", people, "გუნდი, ჩვენი გუნდი, თანამშრომლები, ადმინისტრაცია"},
	{"ka", about, "ჩვენ შესახებ, ჩვენს შესახებ, კომპანიის შესახებ, ვინ ვართ ჩვენ"},

	{"hy", contact, "կապ, կոնտակտ, կոնտակտներ, կապ մեզ հետ, կապվեք մեզ հետ, հետադարձ կապ"},
	{"hy", people, "թիմ, մեր թիմը, աշխատակազմ, անձնակազմ"},
	{"hy", about, "մեր մասին, ընկերության մասին, ովքեր ենք մենք"},
}
