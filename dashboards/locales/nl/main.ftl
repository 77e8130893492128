# Schil
skip-to-content = Naar de inhoud
nav-main = Hoofdmenu
nav-menu = Menu
nav-overview = Overzicht
nav-services = Services
nav-sources = Bronnen
nav-set-aside = Terzijde gelegd
nav-docs = API
nav-customers = Klanten
nav-users = Gebruikers
nav-profile = Mijn profiel
nav-audit = Auditlog
nav-permissions = Rechten
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
notice-alarm-title = Alarm: bron { $source } geeft antwoorden die niet kunnen kloppen.
notice-alarm-meaning = Er wordt niets van overgenomen. We houden de laatst bekende toestand aan tot die verloopt; daarna wordt die onbekend. Kijk er nu naar.
notice-alarm-other = De bron antwoordt alsof er niets aan de hand is.
notice-source-link = Bekijk wat er mis is en wat te doen
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
login-lead = Of elke service van een klant werkt, en zo niet: waarom.
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
impact-maintenance = { $n ->
    [one] 1 service in onderhoud
   *[other] { $count } services in onderhoud
}
impact-unknown = { $n ->
    [one] van 1 service is de toestand onbekend
   *[other] van { $count } services is de toestand onbekend
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
path-shared = Gedeeld onderdeel
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

# Waarom
why = Waarom?
why-heading = Waarom deze toestand?
why-at = Tijdstip
why-as-of = Zoals bekend op (leeg: nu)
why-ask = Laat zien
why-before = Vorige verandering
why-after = Volgende verandering
why-rule-number = (regel { $n })
why-rule-not-existing = Er geldt op dit moment geen versie van deze service: hij bestaat dan niet.
why-rule-unknown = Wat onbekend is, kan de doorslag geven: niemand kan zeggen of het pad werkt.
why-rule-maintenance-alone = Het pad werkt niet, ook niet als elke ongeplande storing wordt weggedacht: het onderhoud alleen verklaart het.
why-rule-service-window = Het pad werkt niet, en niet alleen door onderhoud aan componenten, maar voor de service zelf is onderhoud aangekondigd.
why-rule-down = Het pad werkt niet, en onderhoud verklaart dat niet: zonder de ongeplande storingen was het geen uitval.
why-rule-degraded = Het pad werkt, maar een onderdeel ervan niet: de redundantie is weg.
why-rule-up = Het pad werkt, en alles erin werkt.
why-differs = Dit klopt niet met wat is vastgelegd. Een wijziging is misschien nog onderweg naar de rekenkern.
why-differs-as-of = Dit klopt niet met wat toen is vastgelegd: een meting is later herzien, en de oude vorm ervan wordt niet bewaard. Wat is vastgelegd, geldt.
why-recorded = Vastgelegd
why-recorded-none = Geen interval op dit tijdstip
why-at-start = Naar het begin
why-service-window = Onderhoud aan de service
why-version = Definitie geldt
why-unchanged = Niets verandert
why-tree = Het pad, stap voor stap
why-tree-note = wat de doorslag geeft is gemarkeerd
why-need-all = Alle { $n } nodig
why-need-any = 1 van { $n } nodig
why-need-some = { $k } van { $n } nodig
why-count-up = { $n } werkt
why-count-unknown = { $n } onbekend
why-count-down = { $n } werkt niet
why-second = Zonder ongeplande storingen: { $counts }
why-never = nooit gemeten
why-no-version = service, bestaat dan niet
why-elsewhere = service, staat elders in dit pad uitgewerkt
why-too-deep = service, te diep om te tonen
why-service = service
why-samples = metingen
samples-heading = Metingen achter { $name }
samples-note = rond de omslag en vlak voor dit tijdstip, uit het logboek
samples-away = Het logboek van de metingen is nu niet te lezen, of niet bekend is op welk apparaat dit zit.
samples-none = Geen metingen gevonden rond de omslag of voor dit tijdstip: er kwam niets binnen.
samples-forgotten = Oudere metingen zijn niet meer beschikbaar: de bewaartermijn van het logboek is voorbij.
samples-cut = Er zijn er meer; hier staan die rond de omslag en de laatste.
samples-at = Gold op
samples-source = Gezien door
samples-observed = Gelezen op
samples-place = Plaats in het logboek
samples-turn = omslag
sample-poll = uitlezing
sample-event-log = logboek van het NMS
sample-push = melding
sample-outage = storingslijst van het NMS
sample-other = anders
period-from-to = van { $from } tot { $to }
period-from = sinds { $from }
period-to = tot { $to }
period-always = zo lang bekend is
as-of = Zoals bekend op
as-of-meaning = Wat daarna is bijgekomen of gecorrigeerd, telt hier niet mee.
as-of-leave = Naar wat nu bekend is
as-of-field = Zoals bekend op
as-of-ask = Toon
as-of-path = Waarom, zoals toen bekend

# Wat als
nav-what-if = Wat als
plan-heading = Wat als?
plan-lead = Welke services uitvallen of hun redundantie verliezen, voordat u iets aanraakt.
plan-what = Componenten
plan-search = Zoek een apparaat of poort op naam, site of omschrijving
plan-from = Van
plan-until = Tot
plan-planned = Gepland werk, met onderhoudsvensters
plan-ports = Een apparaat neemt zijn poorten mee
plan-ask = Reken uit
plan-refused-nothing = Kies eerst minstens één component.
plan-refused-period = De periode moet een einde na het begin hebben, en hoogstens 31 dagen duren.
plan-refused-large = Hier hangt te veel aan. Kies minder componenten of een kortere periode.
plan-unneeded = Geen enkele service heeft { $name } in deze periode nodig.
plan-clashes = Botst met ander gepland werk
plan-clashes-text = Deze services overleven dit werk, en ook het andere, maar niet allebei tegelijk.
plan-clash-when = Geen pad meer
plan-clash-other = Al gepland
plan-clash-own = Dit plan
plan-hits = Geraakte services
plan-hits-none = Geen enkele service verandert van toestand
plan-otherwise = Anders
plan-more = Er zijn er meer; de ergste staan hier. De API geeft ze allemaal.
plan-unaffected = { $n ->
    [0] Geen andere service heeft dit nodig.
    [one] 1 andere service heeft dit nodig en houdt zijn toestand.
   *[other] { $count } andere services hebben dit nodig en houden hun toestand.
}
plan-ports-taken = { $n ->
    [one] 1 poort telt mee.
   *[other] { $count } poorten tellen mee.
}
plan-assumption = Voor al het andere geldt de toestand die nu bekend is.
plan-announce = Kondig dit onderhoud aan
plan-announce-text = Maakt voor elk gekozen component een onderhoudsvenster in deze periode. Uitval die dat verklaart, telt dan als onderhoud.
plan-note = Reden of wijzigingsnummer
plan-announce-button = Kondig aan
plan-announced = { $n ->
    [one] 1 onderhoudsvenster is aangekondigd.
   *[other] { $count } onderhoudsvensters zijn aangekondigd.
}

# Fouten
error-not-found = Deze pagina bestaat niet
error-not-found-text = Het adres klopt niet, of wat hier stond is er niet meer.
error-forbidden = U mag dit niet zien
error-forbidden-text = Vraag uw beheerder om toegang als u dit nodig hebt.
error-internal = Er ging iets mis
error-internal-text = Dat ligt aan ons. Probeer het nog eens; blijft het misgaan, geef dan dit nummer door.
error-unavailable = De cijfers zijn nu niet op te vragen
error-unavailable-text = De opslag antwoordt niet. Metingen gaan door en worden ingehaald zodra zij terug is.
error-wait = Probeer het over { $wait } opnieuw.
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

# Bronnen
sources-lead = De systemen waar de toestanden vandaan komen, en hoe goed ze te lezen zijn.
sources-none = Nog geen bronnen
sources-none-text = Voeg uw LibreNMS toe met de knop hierboven, of stel een account in onder [[nms]] in padwacht.toml.
column-source = Bron
source-ok = In orde
source-suspect = Twijfelachtig
source-alarm = Alarm
source-down = Niet te lezen
source-ok-meaning = De antwoorden komen op tijd en kloppen.
source-devices = Apparaten
source-devices-stale = Verouderd
source-ports = Poorten
source-data-age = Leeftijd gegevens
source-reported = Laatst gemeld
source-silent = Lang niets gemeld
source-silent-text = Het inlezen zelf meldt zich niet meer. Wat hier staat, zegt weinig over nu; kijk of het proces draait.
source-left-alone = Er ging zoveel achter elkaar mis dat Padwacht deze bron nu even met rust laat. Er wordt vanzelf opnieuw geprobeerd, met steeds langere pauzes; verhelp de fout hierboven.
source-push-link = Push instellen
source-poll-took = Laatste ronde duurde
source-last-success = Laatst bruikbaar
source-calls = Verzoeken
source-calls-none = Er is nog niets gevraagd.
source-failed = Mislukt
source-failed-count = { $n ->
    [one] 1 mislukt
   *[other] { $count } mislukt
}
source-cached = { $n ->
    [one] 1 uit het geheugen
   *[other] { $count } uit het geheugen
}
source-wire = Over de lijn
source-unpacked = Uitgepakt
source-throttle = Gewacht op de rem
source-together = Samen
source-call = Soort verzoek
source-counted-since = Geteld sinds
source-latency-note = Duur over het laatste uur tot twee uur.
source-p50 = Helft binnen
source-p99 = 99% binnen
source-max = Langste
source-last-call = Laatst
source-alarms = Alarmen
source-alarms-note = Wanneer de bron antwoordde alsof er niets aan de hand was, met iets dat niet kan kloppen.
source-alarm-until = Tot
source-alarm-lasts = Nog gaande
source-failures = Laatste fouten
source-failures-none = Sinds de start is er niets misgegaan.
source-fault = Wat het betekent
source-remedy = Wat te doen
source-first = Voor het eerst
source-findings = Zelf gevonden
source-findings-note = Alles is in te stellen als het niet klopt.
source-finding = Wat
source-finding-value = Waarde
source-finding-how = Waaruit dat blijkt
source-finding-set = Ingesteld
source-finding-found = Gevonden:
source-abilities = Wat er gevraagd kan worden
source-ability-can = Mogelijk

# Fouten van bronnen
fault-unauthorized = Het token wordt geweigerd: onbekend of uitgeschakeld.
fault-unauthorized-do = Maak in LibreNMS onder API-toegang een nieuw token voor een gebruiker met de rol global-read, en zet het in de instellingen.
fault-forbidden = De gebruiker van het token mag dit niet zien.
fault-forbidden-do = Geef die gebruiker in LibreNMS de rol global-read.
fault-not-found = Op dit adres bestaat het gevraagde niet.
fault-not-found-do = Controleer het adres en de submap; een heel oude LibreNMS kent sommige verzoeken niet.
fault-rejected = De bron vindt het verzoek ongeldig.
fault-rejected-do = Meld dit met de versie van LibreNMS; waarschijnlijk is een kolom of parameter veranderd.
fault-throttled = Iets tussen ons en de bron begrenst het aantal verzoeken.
fault-throttled-do = Verlaag requests_per_second voor dit account, of verruim de grens in de proxy.
fault-server-failed = De bron liep zelf vast tijdens het antwoord.
fault-server-failed-do = Kijk in logs/librenms.log op die server; vaak is memory_limit van PHP te laag.
fault-overloaded = De bron had te weinig tijd of geheugen voor het antwoord.
fault-overloaded-do = Verhoog op die server memory_limit en max_execution_time van PHP en de wachttijd van de webserver.
fault-unavailable = De bron is in onderhoud of bereikt haar eigen database niet.
fault-unavailable-do = Controleer MariaDB op die server en of er een update loopt.
fault-timed-out = Er kwam niet op tijd een volledig antwoord.
fault-timed-out-do = Controleer de belasting van die server; verhoog request_timeout als grote lijsten echt zo lang duren.
fault-unreachable = Er komt geen verbinding tot stand.
fault-unreachable-do = Controleer adres, DNS, route en firewall, en of de webserver draait.
fault-tls = De beveiligde verbinding mislukt: het certificaat, de naam of het protocol klopt niet.
fault-tls-do = Vernieuw het certificaat, of installeer hier de autoriteit die het heeft uitgegeven.
fault-redirected = Het adres verwijst door; dat wordt niet gevolgd, want het token zou meegaan.
fault-redirected-do = Zet het uiteindelijke adres in de instellingen, of haal de inlogpagina ervoor weg.
fault-not-json = Er kwam een webpagina in plaats van gegevens.
fault-not-json-do = Draai validate.php op die server (vaak bestandsrechten) en controleer of er geen inlogpagina voor staat.
fault-malformed = Het antwoord heeft niet de vorm die LibreNMS geeft.
fault-malformed-do = Kijk of een proxy de antwoorden verandert en of PHP waarschuwingen meestuurt; meld het anders met de versie.
fault-truncated = Het antwoord brak af. Er is niets van gebruikt.
fault-truncated-do = Kijk in de logs van webserver en PHP op die server: een limiet of een herstart brak het af.
fault-too-large = Het antwoord is groter dan de grens. Er is niets van gebruikt.
fault-too-large-do = Dit hoort niet bij een gewone LibreNMS; controleer het adres en meld het.
fault-empty = De lijst is leeg terwijl er iets in hoort te staan. De laatst bekende toestand blijft staan.
fault-empty-do = Controleer de rechten van de gebruiker van het token; na een update van LibreNMS verdwijnen die soms.
fault-shrunk = De lijst is plotseling veel korter. De laatst bekende toestand blijft staan.
fault-shrunk-do = Zijn er echt zoveel apparaten verwijderd, dan wordt dat na een uur geloofd. Controleer anders de rechten van de gebruiker van het token.
fault-foreign-rows = De bron gaf rijen van een ander apparaat dan gevraagd. Er is niets van gebruikt.
fault-foreign-rows-do = Het apparaat is waarschijnlijk net verwijderd; blijft het, meld het met de versie van LibreNMS.
fault-zone-unknown = De tijdzone van de bron is niet te achterhalen, dus tijden zijn niet te plaatsen.
fault-zone-unknown-do = Zet time_zone voor dit account.
fault-clock-ahead = De bron geeft tijden in de toekomst.
fault-clock-ahead-do = Laat NTP lopen op die server, haar pollers en hier, en controleer time_zone.
fault-stalled = De bron antwoordt, maar kijkt zelf niet meer naar het netwerk.
fault-stalled-do = Controleer de pollers van LibreNMS: de pollerpagina, cron of librenms.service.
fault-paused = Er ging te veel achter elkaar mis; de bron wordt even met rust gelaten.
fault-paused-do = Niets: er wordt vanzelf opnieuw geprobeerd. Verhelp de fout die eraan voorafging.
fault-misconfigured = Met deze instellingen kan het account niet worden gelezen.
fault-misconfigured-do = Verbeter de instellingen van het account en start het inlezen opnieuw; padwacht doctor controleert ze.

# Users and customers
role-beheer = Beheer
role-beheer-text = ziet en doet alles
role-accountmanager = Accountmanager
role-accountmanager-text = leest wat van de toegewezen klanten is
role-klant = Klant
role-klant-text = leest de eigen services
standing-invited = Uitgenodigd
standing-active = Actief
standing-inactive = Inactief
standing-banned = Geblokkeerd
field-name = Naam
field-role = Rol
field-standing = Toegang
field-time-zone = Tijdzone
field-notification-email = Meldingen naar
field-customers = Handelt voor deze klanten
field-customers-help = Eén klant per regel, met naam of nummer. Voor een klant minstens één, voor beheer geen.
field-number = Klantnummer
field-manager = Accountmanager
field-nobody = Niemand
field-contact = Contact
field-contacts = Contactpersonen
field-duty = Functie
field-phone = Telefoon
form-save = Bewaren
form-cancel = Annuleren
form-saved = Bewaard.
column-user = Gebruiker
column-line = Regel
column-plan = Wat er gebeurt
users-lead = Wie erin mag, en als wat.
users-search = Zoek op naam of adres
users-all-roles = Alle rollen
users-all-standings = Iedereen
users-none = Geen gebruikers gevonden
users-invite = Gebruiker uitnodigen
users-import = Gebruikers importeren
user-since = Toegevoegd
user-new-lead = Wie is uitgenodigd, kiest zelf een wachtwoord via een link die één keer werkt.
user-access = Toegang
user-access-text = Wie er niet meer in mag, is er meteen uit: sessies eindigen en API-tokens werken nooit meer.
user-invite-again = Opnieuw uitnodigen
user-deactivate = Toegang intrekken
user-reactivate = Weer toelaten
user-issued-tokens = API-tokens van diensten die deze gebruiker uitgaf. Blokkeren trekt ze in, toegang intrekken niet:
user-ban = Blokkeren
link-heading = Uitnodiging
link-text = Stuur deze link naar de gebruiker. Ze wordt alleen nu getoond.
link-until = Ze werkt één keer, tot
link-no-mail = Padwacht verstuurt deze uitnodiging niet zelf.
import-lead = Alles of niets: eerst proberen, dan ziet u per regel wat er zou gebeuren.
import-text = Lijst (CSV)
import-help = De eerste regel noemt de kolommen; alleen email is nodig. Meerdere klanten scheidt u met een verticale streep:
import-try = Proberen
import-do = Uitvoeren
import-file = Bestand kiezen
import-lines = Regel voor regel
import-unreadable = Dit is niet te lezen als lijst van gebruikers:
import-moved = Er is sinds de proef iets veranderd. Hieronder staat wat er nu zou gebeuren; er is niets gedaan.
import-trial = Dit is een proef: er is nog niets veranderd.
import-done = Uitgevoerd. De links hieronder worden alleen nu getoond.
import-invite = Uitnodigen
import-update = Wijzigen
import-nothing = Niets te doen
import-refused = Geweigerd
import-fault-cells = De regel heeft { $found } cellen, de eerste regel { $named }.
import-fault-role = De rol { $found } bestaat niet: kies beheer, accountmanager of klant.
import-fault-language = De taal { $found } bestaat niet: kies nl of en.
import-fault-twice = Dit e-mailadres staat ook in een andere regel.
import-fault-role-missing = Een nieuwe gebruiker heeft een rol nodig.
import-fault-no-customer = Geen klant heeft de naam of het nummer { $found }.
import-fault-acts-for-nobody = Wie de rol klant heeft, hoort bij minstens één klant.
import-fault-email = Dit is geen e-mailadres.
import-fault-notification-email = Het adres voor meldingen is geen e-mailadres.
import-fault-name = De naam is te lang of bevat tekens die niet kunnen.
import-fault-time-zone = Deze tijdzone bestaat niet; bedoeld is een naam als Europe/Amsterdam.
import-fault-customers = Deze klanten kunnen niet bij deze gebruiker: een beheerder heeft er geen, en voor anderen is er een maximum.
import-fault-last-administrator = Er moet minstens één actieve beheerder blijven.
import-fault-other = Deze regel kan niet worden verwerkt.
import-fault-not-csv = het is geen CSV.
import-fault-column = de kolom { $found } is niet bekend.
import-fault-column-twice = de kolom { $found } komt twee keer voor.
import-fault-no-email = de kolom email ontbreekt in de eerste regel.
import-fault-empty = er staan geen gebruikers in.
import-fault-too-many = er staan er meer dan { $most } in.
register-title = Uitnodiging
register-heading = Welkom bij Padwacht
register-lead = U bent uitgenodigd als { $email }. Kies een wachtwoord om binnen te komen.
register-password = Wachtwoord, minstens { $least } tekens
register-again = Nog een keer
register-submit = Account maken
register-gone = Deze uitnodiging werkt niet
register-gone-text = Ze is verlopen of al gebruikt. Vraag uw beheerder om een nieuwe.
profile-lead = Uw naam, taal en tijdzone. Adres, rol en klanten wijzigt een beheerder.
profile-zone-help = Tijdstippen staan in uw eigen tijdzone. Dagen en cijfers zijn die van het product, zodat iedereen dezelfde leest.
customers-lead = Van wie de services zijn, en wie u belt.
customers-search = Zoek op naam of nummer
customers-none = Geen klanten gevonden
customers-add = Klant toevoegen
customer-remove = Klant verwijderen

# What is wrong in a form
problem-email-taken = Er is al een gebruiker met dit adres.
problem-email = Vul een mailadres in, zoals naam@voorbeeld.nl.
problem-name = Vul een naam in van één regel.
problem-notification-email = Het adres voor meldingen is geen mailadres.
problem-time-zone = Kies een tijdzone uit de lijst, zoals Europe/Amsterdam.
problem-customer-needed = Een gebruiker met de rol klant handelt voor minstens één klant.
problem-customers-of-administrator = Beheer ziet alle klanten: noem er geen.
problem-unknown-customer = Er is geen klant met de naam of het nummer "{ $name }".
problem-last-administrator = Dit is de laatste actieve beheerder; er moet er één blijven.
problem-never-came-in = Deze gebruiker heeft nooit een wachtwoord gekozen: stuur een nieuwe uitnodiging.
problem-stale = Iemand anders was eerder. Hieronder staat wat er nu is; breng uw wijziging opnieuw aan.
problem-customer-taken = Een andere klant heeft deze naam of dit nummer.
problem-contacts = Elke contactpersoon heeft een naam; er kunnen er hooguit twintig zijn.
problem-manager = Deze gebruiker kan geen accountmanager zijn, of heeft er al te veel.
problem-in-use = Deze klant heeft nog services of gebruikers.
problem-password = Kies een wachtwoord van minstens { $least } tekens.
problem-password-common = Veel mensen kiezen dit wachtwoord, en het wordt als eerste geprobeerd. Kies een ander, zoals vier woorden die niets met elkaar te maken hebben.
problem-password-names = Dit wachtwoord is weinig meer dan namen die anderen kennen: van het product, het adres, de klant of uzelf. Kies een ander.
problem-password-breached = Dit wachtwoord is bekend uit een lek bij een andere site. Kies er een dat u nergens anders gebruikt.
problem-passwords-differ = De twee wachtwoorden zijn niet gelijk.
problem-other = Dit is geweigerd: { $reason }

# Audit trail and permissions
audit-lead = Wie veranderde wat, wanneer en vanwaar.
audit-search = Zoek op wie of wat
audit-who = Wie
audit-object = Wat
audit-changes = Verandering
audit-by-token = met token
audit-all-kinds = Alles
audit-kind-service = Services
audit-kind-customer = Klanten
audit-kind-user = Gebruikers
audit-kind-window = Onderhoud
audit-kind-api-token = API-tokens
audit-kind-account = NMS-accounts
audit-kind-setting = Instellingen
audit-none = Niets gevonden
audit-verify = Keten controleren
audit-whole = De keten is heel, van regel { $first } tot en met { $last }.
audit-keep = Bewaar deze hash elders:
audit-broken = De keten is gebroken.
permissions-lead = Wat elke rol mag. Dit komt uit dezelfde regels die elk verzoek toetsen.
permissions-action = Handeling
permissions-confirmation = Wat verder nodig is
permissions-service = dienst:
permissions-no-token = niet met een token
confirmation-nothing = niets
confirmation-recent = pas bevestigd wie u bent
confirmation-recent-in-session = pas bevestigd wie u bent, in een sessie
confirmation-recent-or-service = pas bevestigd wie u bent, of het token van een dienst
confirmation-session = een sessie
permissions-own = Eigen: het eigen account, of wat hoort bij de klanten voor wie iemand handelt of die aan hem zijn toegewezen.
permission-read-services = Services lezen: status, cijfers, export
permission-explain-services = Lezen waarom een service zo is
permission-edit-services = Services wijzigen en importeren
permission-read-customers = Klanten lezen
permission-edit-customers = Klanten wijzigen
permission-read-users = Gebruikers lezen
permission-edit-users = Gebruikers uitnodigen, wijzigen en blokkeren
permission-plan-work = Wat als, en onderhoud aankondigen
permission-read-components = Componenten en metingen lezen
permission-read-pipeline = Bronnen en verwerking lezen
permission-edit-pipeline = Bronnen laten pushen en opnieuw lezen
permission-edit-sources = Accounts en tokens van bronnen invoeren
permission-read-audit = Auditlog lezen en controleren
permission-read-permissions = Deze rechten lezen
permission-profile = Het eigen profiel
permission-tokens = De eigen API-tokens
permission-session = Sessies bekijken en beëindigen
permission-service-tokens = API-tokens van services
permission-read-mails = Uitgaande mail bekijken
permission-send-mails = Mail opnieuw proberen, testmail sturen
permission-read-attempts = Aanmeldpogingen bekijken
permission-api-docs = Documentatie van de API
reach-nothing = Niets
reach-own = Eigen
reach-everything = Alles
import-invites = { $n ->
    [one] 1 uitnodiging
   *[other] { $count } uitnodigingen
}
import-updates = { $n ->
    [one] 1 wijziging
   *[other] { $count } wijzigingen
}
import-has-refused = { $n ->
    [one] 1 regel is geweigerd; er is niets veranderd.
   *[other] { $count } regels zijn geweigerd; er is niets veranderd.
}
customer-services = { $n ->
    [one] 1 service
   *[other] { $count } services
}
audit-fields = { $n ->
    [one] 1 veld
   *[other] { $count } velden
}
permissions-routes = { $n ->
    [one] 1 adres
   *[other] { $count } adressen
}
