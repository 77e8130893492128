# Schil
skip-to-content = Naar de inhoud
nav-main = Hoofdmenu
nav-menu = Menu
nav-overview = Overzicht
nav-services = Services
nav-set-aside = Terzijde gelegd
nav-docs = API
nav-sign-out = Uitloggen
language = Taal
theme = Weergave
theme-light = Licht
theme-auto = Volgt het systeem
theme-dark = Donker
breadcrumb = Kruimelpad
footer-data-until = Gegevens tot
footer-stale = verouderd
footer-no-data = Nog geen gegevens
footer-zone = Tijden in { $zone }
footer-licenses = Licenties

# Meldingen
notices = Meldingen
notice-since = Sinds
notice-stale-title = De gegevens lopen achter.
notice-stale-until = Bijgewerkt tot
notice-stale-meaning = Wat daarna is gebeurd, staat er nog niet in.
notice-source-down-title = Bron { $source } antwoordt niet.
notice-source-down-meaning = Wat deze bron bewaakt, wordt onbekend: dat telt niet als beschikbaar en niet als storing.
notice-source-suspect-title = Bron { $source } geeft twijfelachtige antwoorden.
notice-source-suspect-meaning = We houden de laatst bekende toestand aan tot die verloopt; de antwoorden worden niet overgenomen.
notice-set-aside-title = { $n ->
    [one] In de afgelopen 24 uur is 1 record of meting terzijde gelegd.
   *[other] In de afgelopen 24 uur zijn { $count } records en metingen terzijde gelegd.
}
notice-set-aside-newest = De nieuwste is van
notice-set-aside-link = Bekijk welke en waarom

# Toestanden
state-up = In bedrijf
state-degraded = Verminderd
state-down = Storing
state-maintenance = Onderhoud
state-unknown = Onbekend
state-not-existing = Niet in dienst
state-component-up = Werkt
state-component-unknown = Onbekend
state-component-down = Werkt niet

# Tijd
time-today = vandaag
time-yesterday = gisteren
since = sinds
ongoing = loopt nog
period-today = Vandaag
period-7d = 7 dagen
period-30d = 30 dagen
period-month = Deze maand
period-year = Dit jaar
zoom-24h = 24 uur
zoom-7d = 7 dagen
zoom-30d = 30 dagen

# Inloggen
login-title = Inloggen
login-heading = Inloggen bij Padwacht
login-lead = Of elke klantdienst werkt, en zo niet: waarom.
login-email = E-mailadres
login-password = Wachtwoord
login-submit = Inloggen
login-bad-credentials = E-mailadres of wachtwoord klopt niet.
login-too-many = Te veel pogingen. Probeer het over { $wait } opnieuw.
login-expired = Uw sessie is verlopen. Log opnieuw in.

# Overzicht
headline-up = Alle services zijn in bedrijf
headline-none = Nog geen services
headline-down = { $n ->
    [one] 1 service in storing
   *[other] { $count } services in storing
}
headline-degraded = { $n ->
    [one] 1 service zonder redundantie
   *[other] { $count } services zonder redundantie
}
headline-unknown = { $n ->
    [one] Van 1 service is de toestand onbekend
   *[other] Van { $count } services is de toestand onbekend
}
headline-maintenance = { $n ->
    [one] 1 service in onderhoud, de rest in bedrijf
   *[other] { $count } services in onderhoud, de rest in bedrijf
}
headline-total = { $n ->
    [one] 1 service
   *[other] { $count } services
}
headline-updated = bijgewerkt
tiles-label = Services per toestand
troubles-heading = Nu verstoord
troubles-none = Geen verstoringen
troubles-none-text = Geen enkele service is in storing of verminderd.
troubles-more = { $n ->
    [one] Nog 1 service
   *[other] Nog { $count } services
}
impacts-heading = Grootste oorzaken
impact-down = { $n ->
    [one] 1 service in storing
   *[other] { $count } services in storing
}
impact-degraded = { $n ->
    [one] 1 service verminderd
   *[other] { $count } services verminderd
}
cause = Oorzaak
cause-unknown = Oorzaak niet bekend

# Services
services-heading = Services
services-all = Alle services
services-caption = Services met toestand en beschikbaarheid
services-none = Nog geen services
services-none-text = Zodra er services zijn vastgelegd, staan ze hier.
services-not-found = Niets gevonden
search = Zoeken
search-placeholder = Zoek op service, klant of nummer
filter-state = Toestand
filter-all-states = Alle toestanden
filter-remove = Filter weghalen
filter-clear = Alle filters weghalen
sort = Volgorde
sort-state = Ergste eerst
sort-name = Op naam
sort-customer = Op klant
column-state = Toestand
column-service = Service
column-30-days = Laatste 30 dagen
days-label = { $n ->
    [0] Laatste 30 dagen: geen dag met storing
    [one] Laatste 30 dagen: 1 dag met storing
   *[other] Laatste 30 dagen: { $count } dagen met storing
}
pager = Bladeren
pager-range = { $rows } van { $total }
pager-previous = Vorige
pager-next = Volgende

# Service
kpis = Kerncijfers
kpi-uptime = Beschikbaar { $period }
kpi-outages = Storingen 30 dagen
kpi-down-total = samen
kpi-longest = Langste storing
kpi-in-30-days = in 30 dagen
kpi-degraded = Verminderd
completeness = gemeten
timeline-heading = Tijdlijn
timeline-zoom = Periode
timeline-label = Toestand door de tijd heen; de tabel hieronder geeft hetzelfde
trend-heading = Beschikbaarheid per dag
trend-label = Staafgrafiek van de beschikbaarheid per dag; de tabel hieronder geeft hetzelfde
trend-scale = schaal begint bij { $floor }
trend-none = Nog geen dagen met cijfers
as-table = Als tabel
as-list = Als lijst
path-heading = Pad
path-none = Op dit moment geldt er geen pad.
path-all = Alles is nodig
path-any = Eén is genoeg
path-at-least = { $k } van { $n } routes zijn nodig
path-any-of = Eén van { $n } routes is genoeg
path-working = { $n } van { $total } werkt
path-lane = Route { $n }
path-stretch = { $count } hops, alles werkt
intervals-heading = Gebeurtenissen
intervals-caption = Toestanden met begin, einde, duur en oorzaken, nieuwste eerst
intervals-none = Nog geen gebeurtenissen
download-csv = CSV
column-day = Dag
column-worst = Ergste toestand
column-uptime = Beschikbaar
column-down = Storing
column-start = Begin
column-end = Einde
column-duration = Duur
column-causes = Oorzaken

# Fouten
error-not-found = Deze pagina bestaat niet
error-not-found-text = Het adres klopt niet, of wat hier stond is er niet meer.
error-forbidden = U mag dit niet zien
error-forbidden-text = Vraag uw beheerder om toegang als u dit nodig hebt.
error-internal = Er ging iets mis
error-internal-text = Dat ligt aan ons. Probeer het nog eens; blijft het misgaan, geef dan dit nummer door.
error-unavailable = De cijfers zijn nu niet op te vragen
error-unavailable-text = De opslag antwoordt niet. Metingen gaan door en worden ingehaald zodra zij terug is.
error-reference = Nummer
error-to-overview = Naar het overzicht

# Terzijde gelegd
set-aside-lead = Wat de verwerking niet kon gebruiken, telt in geen enkel cijfer mee. Regels blijven 30 dagen staan.
set-aside-all = Alle redenen
set-aside-show = Tonen
set-aside-none = Niets terzijde gelegd
set-aside-none-text = Elk record en elke meting kon worden gebruikt.
set-aside-undecodable = Onleesbaar
set-aside-implausible-time = Onmogelijk tijdstip
set-aside-too-late = Te laat
set-aside-refused = Definitie geweigerd
set-aside-lost = Verdwenen voor het gelezen was
set-aside-damaged = Beschadigd bestand
column-when = Wanneer
column-reason = Reden
column-record = Record
column-count = Aantal
