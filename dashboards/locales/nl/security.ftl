# Waarmee mensen inloggen
login-passkey = Inloggen met een passkey
login-start-again = Dat duurde te lang, of er waren te veel verkeerde codes. Log opnieuw in.
factor-wrong-code = Deze code klopt niet, is gewisseld of is al gebruikt. Vul de code in die de app nu toont; lukt ook dat niet, loopt de klok van uw telefoon dan gelijk?
factor-wrong-password = Dit wachtwoord klopt niet.
factor-too-many-codes = Te veel verkeerde codes in het afgelopen uur. Gebruik een herstelcode of een passkey, of probeer het later opnieuw.
factor-on = Aan
factor-off = Uit
factor-since = Sinds
factor-last-used = Laatst gebruikt
factor-never = nooit
factor-remove = Verwijderen

second-title = Nog één stap
second-lead-code = Vul de code in die uw authenticator-app toont.
second-lead-passkey = Uw account is beveiligd met een passkey.
second-passkey = Passkey gebruiken
second-code = Code
second-recovery = Herstelcode
second-help = Telefoon of sleutel kwijt? Een herstelcode werkt hier ook.

confirm-title = Bevestig dat u het bent
confirm-lead = Dit is belangrijk, daarom vragen we het opnieuw. Het geldt tien minuten.
confirm-submit = Bevestigen
confirm-passkey = Bevestigen met een passkey
confirm-code = Liever een code uit een app
confirm-federated = U bent via uw organisatie ingelogd. Log uit en opnieuw in om te bevestigen.

security-title = Inloggen en beveiliging
security-lead = Waarmee u inlogt, en wat uw account beschermt als een wachtwoord uitlekt.
security-required = Voor uw rol is een tweede factor nodig. Stel een app of een passkey in; tot dan gaat niets anders open.
security-codes-none = U hebt geen herstelcodes meer.
security-codes-few = U hebt nog maar een paar herstelcodes.
security-codes-do = Maak hieronder nieuwe, zodat een verloren telefoon u niet buitensluit.
end-others-heading = Is iemand anders als u aangemeld?
end-others-text = Uw andere sessies gaan door. Beëindig ze als u dit veranderde omdat iemand anders misschien weet hoe u zich aanmeldt.
security-done-password = Uw wachtwoord is gewijzigd. Alle andere sessies zijn beëindigd en uw API-tokens zijn ingetrokken.
security-done-totp-removed = Codes uit een app worden niet meer gevraagd.
security-done-passkey-added = De passkey is toegevoegd.
security-done-passkey-removed = De passkey is verwijderd.
security-profile = Wachtwoord, authenticator-app, herstelcodes en passkeys.
security-profile-link = Inloggen en beveiliging

totp-heading = Authenticator-app
totp-text = Een app op uw telefoon toont een code die u na uw wachtwoord invult.
totp-set-up = Authenticator-app instellen
totp-set-up-lead = Zolang u geen code hebt ingevuld, verandert er niets.
totp-replace = Naar een andere telefoon
totp-remove = Uitzetten
totp-picture = QR-code voor de authenticator-app
totp-step-scan = Scan de afbeelding met een authenticator-app.
totp-step-type = Of typ daar deze sleutel in:
totp-step-code = Vul de code in die de app toont.
totp-code = Code uit de app
totp-confirm = Aanzetten
totp-is-on = Vanaf nu vraagt inloggen om een code uit uw app.

passkeys-heading = Passkeys
passkeys-text = Een sleutel op uw telefoon, computer of beveiligingssleutel, die u ontgrendelt met vinger, gezicht of pincode. Daarmee logt u in zonder wachtwoord; ze geldt ook als tweede factor.
passkeys-not-here = Op dit adres werken passkeys niet: daarvoor zijn https en een hostnaam nodig.
passkey-name = Naam
passkey-name-example = Laptop, telefoon, YubiKey
passkey-add = Passkey toevoegen
passkey-remove-named = Passkey { $name } verwijderen
passkey-cancelled = Er is niets ondertekend. Probeer het opnieuw, of log anders in.
passkey-refused = Deze passkey is niet aanvaard.
passkey-later = Even geduld: er waren te veel pogingen kort na elkaar. Probeer het zo nog eens.
passkey-not-made = Er is geen passkey gemaakt. Probeer het opnieuw.
passkey-known = Dit apparaat heeft al een passkey voor uw account.

codes-heading = Herstelcodes
codes-left = { $n ->
    [one] nog 1
   *[other] nog { $count }
}
codes-text = Met elk daarvan komt u één keer binnen als u uw telefoon of sleutel kwijt bent.
codes-new = Nieuwe codes maken
codes-once = Bewaar deze codes nu
codes-keep = Ze worden alleen deze keer getoond. Druk ze af of zet ze in een wachtwoordkluis; de codes van eerder werken niet meer.
codes-copy = Kopiëren
codes-copied = Gekopieerd
codes-kept = Ik heb ze bewaard

password-heading = Wachtwoord
password-current = Huidig wachtwoord
password-help = Al uw andere sessies eindigen en uw API-tokens worden ingetrokken.

user-factors = Tweede factor
user-factors-on = Deze gebruiker logt in met een tweede factor.
user-factors-off = Deze gebruiker heeft geen tweede factor.
user-factors-reset-text = Is iemand telefoon of sleutel én herstelcodes kwijt? Wissen verwijdert de app, de codes en alle passkeys, en beëindigt alle sessies. Wees zeker wie het vraagt.
user-factors-reset = Tweede factor wissen

rule-heading = Tweede factor
rule-text = Wie een van deze rollen heeft, moet een authenticator-app of een passkey hebben. Wie die nog niet heeft, kan alleen die instellen. Dat geldt ook voor wie inlogt via een organisatie die niet zegt dat er twee factoren waren. API-tokens vallen hierbuiten.
rule-legend = Verplicht voor
permission-user-factors = Tweede factor of koppeling van anderen weghalen
permission-confirm = Opnieuw bewijzen wie men is, en uitloggen
permission-factors = Eigen wachtwoord, tweede factor en passkeys wijzigen
permission-secrets = Pushgeheimen maken en intrekken
permission-edit-security = Bepalen welke rollen een tweede factor nodig hebben

letter-factors-subject = Het inloggen op uw Padwacht-account is gewijzigd
letter-factors-text = Op { $at }, vanaf netwerkadres { $address }:
letter-factors-not-you = Was u dit niet? Neem dan meteen contact op met uw beheerder.
letter-factor-totp-on = Er is een authenticator-app ingesteld.
letter-factor-totp-off = De authenticator-app is uitgezet.
letter-factor-codes = Er zijn nieuwe herstelcodes gemaakt; die van eerder werken niet meer.
letter-factor-code-used = Er is met een herstelcode ingelogd.
letter-factor-passkey-added = Er is een passkey toegevoegd.
letter-factor-passkey-removed = Er is een passkey verwijderd.
letter-factor-reset = Een beheerder heeft uw tweede factor verwijderd. Alle sessies zijn beëindigd.
letter-factor-token = Er is een API-token uitgegeven.
letter-factor-sign-on = Eenmalig inloggen is gekoppeld.
letter-factor-sign-on-off = Eenmalig inloggen is ontkoppeld; sessies die zo begonnen zijn, zijn beëindigd.
