# Mails
letter-greeting = Beste { $name },
letter-greeting-nobody = Hallo,
letter-until = De link werkt één keer, tot { $until }.
letter-not-you = Verwachtte u deze mail niet? Dan hoeft u niets te doen.
letter-invitation-subject = Uw toegang tot Padwacht
letter-invitation-text = { $inviter } heeft u uitgenodigd voor Padwacht.
letter-invitation-what = Daar ziet u of uw diensten werken, en zo niet: waarom. Kies een wachtwoord om te beginnen.
letter-invitation-button = Wachtwoord kiezen
letter-reset-subject = Een nieuw wachtwoord voor Padwacht
letter-reset-text = Iemand vroeg vanaf netwerkadres { $address } om een nieuw wachtwoord voor uw account. Was u dat, kies het dan hier.
letter-reset-button = Nieuw wachtwoord kiezen
letter-reset-not-you = Was u dat niet? Dan hoeft u niets te doen: uw wachtwoord blijft zoals het is.
letter-changed-subject = Uw wachtwoord voor Padwacht is gewijzigd
letter-changed-text = Het wachtwoord van uw account is op { $at } gewijzigd, vanaf netwerkadres { $address }. Alle sessies zijn beëindigd.
letter-changed-not-you = Was u dat niet? Neem dan meteen contact op met uw beheerder.
letter-test-subject = Proefmail van Padwacht
letter-test-text = Deze mail is aangekomen: de mailserver is goed ingesteld.

link-mailed = De uitnodiging gaat ook per mail naar dit adres.

# Wachtwoord vergeten
login-forgotten = Wachtwoord vergeten?
login-changed = Uw wachtwoord is gewijzigd. Log in met het nieuwe.
forgotten-title = Wachtwoord vergeten
forgotten-lead = Vul uw e-mailadres in. Hoort het bij een account, dan krijgt u een link om een nieuw wachtwoord te kiezen.
forgotten-submit = Stuur een link
forgotten-asked = Hoort dit adres bij een account, dan is er een mail onderweg. De link werkt een uur.
forgotten-too-often = Te vaak gevraagd. Probeer het over { $wait } opnieuw.
forgotten-no-mail = Deze installatie verstuurt geen mail. Vraag uw beheerder om een nieuw wachtwoord.
forgotten-back = Terug naar inloggen
reset-title = Nieuw wachtwoord kiezen
reset-lead = Voor { $email }.
reset-submit = Wachtwoord wijzigen
reset-gone = Deze link werkt niet
reset-gone-text = Hij is verlopen of al gebruikt. Vraag een nieuwe aan.
