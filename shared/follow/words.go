package follow

import "slices"

// vocabulary holds the words by which pages with contact data are linked, by
// language (ISO 639-1) and subject. They stand here as they are written; folding
// (case, diacritics, punctuation) is done to them as to the texts. Words in
// Latin letters count as path segments too, hence spellings without umlauts or
// accents, and glued ones. A word that serves several languages stands with one.
var vocabulary = slices.Concat(germanic, romance, nordic, slavic, european, asian)

//nolint:misspell // these are words of other languages
var germanic = []phrases{
	{"en", contact, "contact, contacts, contact us, contactus, contact form, contactform, contact information, contact info, contact details, contact page, get in touch, getintouch, reach us, write to us, write us, email us, e-mail us, call us, talk to us, keep in touch, feedback, enquiry, enquiries, inquiry, inquiries, how to reach us, find us, say hello, connect with us, contacting us"},
	{"en", imprint, "imprint, legal notice, legalnotice, legal disclosure, site notice, company information, company details, impressum"},
	{"en", people, "team, our team, meet the team, the team, meet us, staff, our staff, staff directory, people, our people, directory, faculty, faculty and staff, leadership, leadership team, management, management team, board, board of directors, committee, officers, members, our members, member directory, who is who, whos who, personnel, employees, experts, doctors, our doctors, attorneys, lawyers, our lawyers, agents, our agents, coaches, trainers, teachers, clergy, council, councillors, trustees, executives, executive team, editors, editorial team, editorial board, masthead, secretariat, office, representatives, sales team, authors, find a person, people finder, phonebook"},
	{"en", about, "about, about us, aboutus, about me, about the company, about the firm, who we are, our company, our story, our firm, our practice, our history, company, company profile, the company, profile, organisation, organization, association, the club, corporate, what we do, our mission"},
	{"en", press, "press, press room, pressroom, press contact, press office, press contacts, media, media contact, media contacts, media relations, media enquiries, media inquiries, newsroom, news room, for journalists, journalists, public relations, investor relations, investors, advertise, advertise with us, advertising, media kit, mediakit"},
	{"en", places, "locations, our locations, location, offices, our offices, branches, our branches, branch finder, stores, store locator, storelocator, find a store, dealers, find a dealer, dealer locator, distributors, where to buy, where to find us, directions, getting here, how to find us, opening hours, opening times, visit us, visit, plan your visit, worldwide, global offices, resellers, partners, our partners"},
	{"en", support, "support, customer service, customer support, customer care, customer services, help, help center, help centre, service desk, helpdesk, technical support, ask us, ask a question, faq, faqs"},
	{"en", privacy, "legal, legal information, legal info, corporate information, disclosure, privacy, privacy policy, privacy notice, privacy statement, data protection, data privacy, data protection officer, gdpr, do not sell my personal information"},
	{"en", work, "careers, career, jobs, vacancies, work with us, work for us, join us, join our team, recruitment, employment, hiring, internships, volunteer, volunteering"},
	{"en", terms, "terms, terms and conditions, terms of service, terms of use, conditions, disclaimer, accessibility, accessibility statement, complaints, sitemap, site map, site index"},
	{"en", elsewhere, "contact lens, contact lenses, contact tracing, contact sport, contact sports, contact sheet, contactless, contact dermatitis, people also*, staff picks, about blank, office chairs, office furniture, office supplies, office 365, microsoft office, office 2016, office 2019, box office, post office, media player, press release*, press coverage, team fortress, team building, team sport*, team viewer, teamviewer, legal tender, location scout*, visit counter, private browsing, support the, members area, members only, members login, member login, printing press, french press, bench press, garlic press"},

	{"de", contact, "kontakt, kontakte, kontaktformular*, kontaktdaten, kontaktieren*, kontaktseite, kontaktaufnahme, kontaktmoglichkeiten, kontaktmoeglichkeiten, kontakt und anfahrt, kontaktanfrage, kontaktinformation*, kontaktperson*, kontaktaufnehmen, ansprechpartner*, ansprechperson*, ansprechstelle*, so erreichen sie uns, so erreichen sie uns, schreiben sie uns, schreib uns, rufen sie uns an, anfrage, anfragen, anfrageformular, mail an uns, feedback geben"},
	{"de", imprint, "impressum*, impress, anbieterkennzeichnung, anbieterkennung, rechtliches, rechtliche hinweise, rechtlicher hinweis, offenlegung, offenlegungspflicht*, pflichtangaben"},
	{"de", people, "unser team, das team, mitarbeiter*, mitarbeitende, mitarbeitenden, beschaftigte, beschaeftigte, personen, personal, personalverzeichnis, personenverzeichnis, telefonverzeichnis, kollegium, lehrer, lehrkrafte, lehrkraefte, lehrerkollegium, vorstand, vorstandschaft, verwaltungsrat, aufsichtsrat, gremien, geschaftsfuhrung, geschaeftsfuehrung, geschaftsleitung, geschaeftsleitung, leitung, schulleitung, praxisteam, arzte, aerzte, unsere arzte, rechtsanwalte, rechtsanwaelte, anwalte, anwaelte, anwalt, redaktion, sekretariat, verwaltung, gemeindeverwaltung, abteilungen, amter, aemter, burgerburo, buergerbuero, behordenwegweiser, kopfe, koepfe, menschen, mitglieder, mitgliederverzeichnis, trainer, ubungsleiter, uebungsleiter, pfarrburo, pfarrbuero, pfarrteam, seelsorger, wir stellen uns vor, beirat, organisationsteam, organigramm, geschaftsstelle, geschaeftsstelle, teamseite"},
	{"de", about, "über uns, ueber uns, ueberuns, uberuns, über mich, ueber mich, über das unternehmen, wir uber uns, wir ueber uns, wer wir sind, das sind wir, unternehmen, das unternehmen, unternehmensprofil, firma, firmenprofil, firmeninfo, betrieb, unser betrieb, verein, der verein, verband, kanzlei, die kanzlei, praxis, die praxis, portrait, portrat, portraet, profil, leitbild, historie, unsere geschichte, organisation, institut, wir"},
	{"de", press, "presse*, medien, medienkontakt, medienstelle, fur journalisten, investoren, werbung, mediadaten, werben, inserieren, anzeigen"},
	{"de", places, "standort, standorte, unsere standorte, niederlassung*, filialen, filialfinder, anfahrt, anfahrtsplan, wegbeschreibung, so finden sie uns, lageplan, offnungszeiten, oeffnungszeiten, sprechzeiten, sprechstunde*, handler, haendler, handlersuche, haendlersuche, handlerverzeichnis, vertriebspartner, vertretungen, aussendienst, partner"},
	{"de", support, "kundenservice, kundendienst, hilfe, service, beratung, kundenbetreuung, hotline, haufige fragen, haeufige fragen"},
	{"de", privacy, "datenschutz*, datenschutzerklarung, datenschutzerklaerung, datenschutzhinweise, datenschutzbeauftragte*, dsgvo, privatsphare"},
	{"de", work, "karriere, stellenangebote, jobs und karriere, stellen, offene stellen, arbeiten bei uns, ausbildung, mitmachen, bewerbung"},
	{"de", terms, "agb, allgemeine geschaftsbedingungen, geschaftsbedingungen, nutzungsbedingungen, widerruf*, haftungsausschluss, barrierefreiheit*, hinweisgeber*, beschwerde*, seitenubersicht, inhaltsverzeichnis"},
	{"de", elsewhere, "kontaktlinse*, kontaktgrill*, kontaktanzeigen, kontaktborse, kontaktallergie, personalausweis, teamsport, teamwear, pressemitteilung*, pressemeldung*, pressespiegel, praxisbeispiel*, partnersuche"},

	{"nl", contact, "contactgegevens, contactformulier, contactpagina, contactpersonen, contactpersoon, contact opnemen, neem contact op, contacteer ons, mail ons, bel ons, bereikbaarheid, schrijf ons, stel een vraag, stel uw vraag, contactinformatie"},
	{"nl", imprint, "colofon, juridische informatie, juridische kennisgeving, wettelijke vermeldingen, bedrijfsgegevens, juridisch"},
	{"nl", people, "ons team, het team, medewerkers, onze medewerkers, onze mensen, mensen, wie is wie, bestuur, bestuursleden, directie, leden, docenten, artsen, onze artsen, advocaten, redactie, raad van bestuur, raad van toezicht, personeel, vrijwilligers, praktijkteam, teamleden, secretariaat, commissies, trainers en coaches, smoelenboek, gemeenteraad, college van burgemeester en wethouders, college"},
	{"nl", about, "over ons, overons, over mij, over, wie zijn wij, wie we zijn, wie ben ik, ons bedrijf, bedrijf, het bedrijf, bedrijfsprofiel, organisatie, onze organisatie, de vereniging, vereniging, ons verhaal, geschiedenis, profiel, praktijk, de praktijk, het kantoor, stichting, kennismaken"},
	{"nl", press, "pers, perscontact, perskamer, voor de pers, adverteren, adverteerders"},
	{"nl", places, "vestigingen, onze vestigingen, locaties, onze locaties, locatie, kantoren, winkels, onze winkels, route, routebeschrijving, openingstijden, openingsuren, dealers zoeken, verkooppunten, bezoek ons, verdelers, waar vind je ons"},
	{"nl", support, "klantenservice, hulp, ondersteuning, veelgestelde vragen, klantendienst, helpcentrum"},
	{"nl", privacy, "privacybeleid, privacyverklaring, privacystatement, gegevensbescherming, avg"},
	{"nl", work, "vacatures, werken bij, werkenbij, werken bij ons, jobs bij ons, word vrijwilliger"},
	{"nl", terms, "algemene voorwaarden, voorwaarden, gebruiksvoorwaarden, toegankelijkheid, klachten, klachtenregeling"},
	{"nl", elsewhere, "contactlenzen, persbericht*, overzicht"},
}
