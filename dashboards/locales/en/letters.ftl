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

link-mailed = The invitation also goes to this address by mail.

# Forgotten password
login-forgotten = Forgot your password?
login-changed = Your password has changed. Sign in with the new one.
forgotten-title = Forgotten password
forgotten-lead = Enter your e-mail address. If it belongs to an account, you get a link to choose a new password.
forgotten-submit = Send a link
forgotten-asked = If this address belongs to an account, a mail is on its way. The link works for an hour.
forgotten-too-often = Asked too often. Try again in { $wait }.
forgotten-no-mail = This installation sends no mail. Ask your administrator for a new password.
forgotten-back = Back to sign-in
reset-title = Choose a new password
reset-lead = For { $email }.
reset-submit = Change password
reset-gone = This link does not work
reset-gone-text = It has expired or was used already. Ask for a new one.
