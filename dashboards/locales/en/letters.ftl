# Mails
letter-greeting = Dear { $name },
letter-greeting-nobody = Hello,
letter-until = The link works once, until { $until }.
letter-not-you = Did you not expect this mail? Then you need not do anything.
letter-invitation-subject = Your access to Padwacht
letter-invitation-text = { $inviter } has invited you to Padwacht.
letter-invitation-what = It shows whether your services work and, if not, why. Choose a password to begin.
letter-invitation-button = Choose a password
letter-reset-subject = A new password for Padwacht
letter-reset-text = Somebody at network address { $address } asked for a new password for your account. If that was you, choose it here.
letter-reset-button = Choose a new password
letter-reset-not-you = Was it not you? Then you need not do anything: your password stays as it is.
letter-changed-subject = Your password for Padwacht has changed
letter-changed-text = The password of your account was changed on { $at }, from network address { $address }. All sessions have ended.
letter-changed-not-you = Was it not you? Then contact your administrator at once.
letter-test-subject = Test mail from Padwacht
letter-test-text = This mail has arrived: the mail server is set up well.
