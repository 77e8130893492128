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
