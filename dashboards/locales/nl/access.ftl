# Sessies, aanmeldpogingen, API-tokens en uitgaande mail
nav-attempts = Aanmeldpogingen
nav-service-tokens = Servicetokens
nav-mails = Uitgaande mail
tab-profile = Gegevens
tab-sessions = Sessies
tab-tokens = API-tokens
browser-on = { $browser } op { $system }
browser-unknown = Onbekende browser
sessions-lead = Waar u bent ingelogd, en wie het met uw adres heeft geprobeerd.
sessions-heading = Waar u bent ingelogd
sessions-end-others = Overal elders uitloggen
sessions-ended = { $n ->
    [one] 1 sessie is beëindigd.
   *[other] { $count } sessies zijn beëindigd.
}
session-browser = Browser
session-address = Netwerkadres
session-began = Begonnen
session-used = Laatst gebruikt
session-this = Deze sessie
session-end = Beëindigen
user-sessions = Sessies
user-sessions-none = Deze gebruiker is nergens ingelogd.
user-sessions-end = Overal uitloggen
user-tokens = API-tokens
user-attempts = Aanmeldpogingen van deze gebruiker
attempts-lead = Wie probeerde in te loggen, vanwaar, en hoe dat afliep.
attempts-lead-own = Wie met uw adres probeerde in te loggen, vanwaar, en hoe dat afliep.
attempts-kept = { $n ->
    [one] Ze worden 1 dag bewaard.
   *[other] Ze worden { $count } dagen bewaard.
}
attempts-own = Laatste pogingen met uw adres
attempts-all = Alle pogingen
attempts-none = Geen pogingen gevonden
attempts-unknown-help = Herkent u iets niet? Log overal elders uit en kies een nieuw wachtwoord.
attempt-account = Account
attempt-result = Uitkomst
attempt-address-begins = Adres begint met
attempt-all-results = Alle uitkomsten
attempt-ok = Ingelogd
attempt-ok-totp = Ingelogd met code uit app
attempt-ok-recovery-code = Ingelogd met herstelcode
attempt-ok-passkey = Ingelogd met passkey
attempt-wrong-password = Verkeerd wachtwoord
attempt-unknown-user = Onbekend adres
attempt-inactive = Account gesloten
attempt-throttled = Te veel pogingen
attempt-second-factor-asked = Tweede factor gevraagd
attempt-wrong-second-factor = Verkeerde tweede factor
attempt-wrong-passkey = Passkey geweigerd
attempt-initial-password = Doorgestuurd om een wachtwoord te kiezen
attempt-initial-password-ended = Eerste wachtwoord, niet meer geldig
attempt-other = Geweigerd: { $reason }
tokens-lead = Waarmee uw eigen programma's binnenkomen, in uw naam.
tokens-none = Nog geen tokens
service-tokens-lead = Waarmee programma's binnenkomen die van niemand persoonlijk zijn. Ze blijven werken als wie ze uitgaf vertrekt.
token-fresh = Uw nieuwe token
token-fresh-text = Kopieer het nu: het wordt alleen deze keer getoond.
token-issue = Token uitgeven
token-name = Waarvoor
token-life = Hoe lang
token-life-month = 30 dagen
token-life-quarter = 90 dagen
token-life-year = Een jaar
token-life-endless = Onbeperkt
token-only-reading = (alleen lezen)
token-scopes = Bereik
token-unbounded = Alles wat u zelf mag
token-unbounded-text = Anders alleen wat hieronder is aangevinkt.
token-unbounded-short = Alles wat u mag
token-role = Handelt als
token-customers = Voor welke klanten
token-customers-help = Namen of nummers, één per regel. Beheer ziet alle klanten: noem er dan geen.
token-used = Laatst gebruikt
token-issued = uitgegeven
token-until = Werkt tot
token-ended = Werkt niet meer sinds
token-endless = Onbeperkt
token-revoke = Intrekken
problem-scopes = Vink minstens één bereik aan dat bij de rol past.
problem-token-customers = Noem minstens één klant, maar geen bij de rol beheer.
mails-lead = Wat wacht, wat is verstuurd en wat niet lukte. Wat erin staat, wordt na het versturen vergeten.
mails-test = Testmail naar { $address }
mails-tested = De testmail is onderweg; hieronder ziet u wat ervan wordt.
mails-hurry = Nu opnieuw proberen
mails-hurried = { $n ->
    [one] 1 wachtende mail wordt nu opnieuw geprobeerd.
   *[other] { $count } wachtende mails worden nu opnieuw geprobeerd.
}
mails-unconfigured = Er is geen mailserver ingesteld.
mails-unconfigured-text = Padwacht verstuurt niets: geef uitnodigingen zelf door, en wie een wachtwoord vergeet helpt u zelf. Stel in:
mails-all = Alle mail
mails-none = Geen mail gevonden
mail-queued = Klaargezet
mail-recipient = Aan
mail-attempts = Pogingen
mail-next = opnieuw
mail-waiting = Wacht
mail-sent = Verstuurd
mail-failed = Geweigerd
mail-expired = Verlopen
audit-kind-session = Sessies
