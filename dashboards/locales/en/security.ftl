# What people sign in with
login-passkey = Sign in with a passkey
login-start-again = That took too long, or too many codes were wrong. Sign in again.
factor-wrong-code = This code is wrong, has changed, or was used before. Enter the one that the app shows now; if that fails too, is the clock of your phone right?
factor-wrong-password = This password is wrong.
factor-too-many-codes = Too many wrong codes in the last hour. Use a recovery code or a passkey, or try again later.
factor-on = On
factor-off = Off
factor-since = Since
factor-last-used = Last used
factor-never = never
factor-remove = Remove

second-title = One more step
second-lead-code = Enter the code that your authenticator app shows.
second-lead-passkey = Your account is protected with a passkey.
second-passkey = Use a passkey
second-code = Code
second-recovery = Recovery code
second-help = Lost your phone or key? A recovery code works here too.

confirm-title = Confirm that it is you
confirm-lead = This matters, so we ask again. It holds for ten minutes.
confirm-submit = Confirm
confirm-passkey = Confirm with a passkey
confirm-code = Use a code from an app instead
confirm-federated = You signed in through your organisation. Sign out and in again to confirm.

security-title = Sign-in and security
security-lead = What you sign in with, and what protects your account when a password leaks.
security-required = Your role needs a second factor. Set up an app or a passkey; until then nothing else opens.
security-codes-none = You have no recovery codes left.
security-codes-few = You have only a few recovery codes left.
security-codes-do = Make new ones below, so that a lost phone does not lock you out.
end-others-heading = Somebody else signed in as you?
end-others-text = Your other sessions go on. If you changed this because somebody else may know how you sign in, end them.
security-done-password = Your password has changed. Every other session has ended, and your API tokens are revoked.
security-done-totp-removed = Codes from an app are no longer asked for.
security-done-passkey-added = The passkey was added.
security-done-passkey-removed = The passkey was removed.
security-profile = Password, authenticator app, recovery codes and passkeys.
security-profile-link = Sign-in and security

totp-heading = Authenticator app
totp-text = An app on your phone shows a code that you enter after your password.
totp-set-up = Set up an authenticator app
totp-set-up-lead = Until you have entered a code, nothing changes.
totp-replace = Move to another phone
totp-remove = Switch off
totp-picture = QR code for the authenticator app
totp-step-scan = Scan the picture with an authenticator app.
totp-step-type = Or type this key into it:
totp-step-code = Enter the code that it shows.
totp-code = Code from the app
totp-confirm = Switch on
totp-is-on = From now on, signing in asks for a code from your app.

passkeys-heading = Passkeys
passkeys-text = A key on your phone, computer or security key, which you unlock with a finger, face or PIN. It signs you in without a password, and also serves as second factor.
passkeys-not-here = Passkeys do not work at this address: they need https and a host name.
passkey-name = Name
passkey-name-example = Laptop, phone, YubiKey
passkey-add = Add a passkey
passkey-remove-named = Remove passkey { $name }
passkey-cancelled = Nothing was signed. Try again, or sign in another way.
passkey-refused = This passkey was not accepted.
passkey-later = One moment: there were too many attempts in a row. Try again shortly.
passkey-not-made = No passkey was made. Try again.
passkey-known = This device already has a passkey for your account.

codes-heading = Recovery codes
codes-left = { $n ->
    [one] 1 left
   *[other] { $count } left
}
codes-text = Each one lets you in once when you have lost your phone or key.
codes-new = Make new codes
codes-once = Keep these codes now
codes-keep = They are shown only this once. Print them or put them in a password manager; the codes from before no longer work.
codes-copy = Copy
codes-copied = Copied
codes-kept = I have kept them

password-heading = Password
password-current = Current password
password-help = Every other session of yours ends, and your API tokens are revoked.

user-factors = Second factor
user-factors-on = This user signs in with a second factor.
user-factors-off = This user has no second factor.
user-factors-reset-text = Has somebody lost their phone or key and recovery codes? Resetting removes the app, the codes and all passkeys, and ends all sessions. Be sure who asks.
user-factors-reset = Reset second factor

rule-heading = Second factor
rule-text = Whoever has one of these roles needs an authenticator app or a passkey. Until they have one, they can do nothing but set it up; the same goes for whoever signs in through an organisation that does not say that there were two factors. API tokens are not affected.
rule-legend = Required for
permission-user-factors = Take the second factor or sign-on of others away
permission-confirm = Prove again who one is, and sign out
permission-factors = Change one's own password, second factor and passkeys
permission-secrets = Make and revoke push secrets
permission-edit-security = Say which roles need a second factor

letter-factors-subject = The sign-in to your Padwacht account has changed
letter-factors-text = On { $at }, from network address { $address }:
letter-factors-not-you = Was it not you? Then contact your administrator at once.
letter-factor-totp-on = An authenticator app was set up.
letter-factor-totp-off = The authenticator app was switched off.
letter-factor-codes = New recovery codes were made; those from before no longer work.
letter-factor-code-used = A recovery code was used to sign in.
letter-factor-passkey-added = A passkey was added.
letter-factor-passkey-removed = A passkey was removed.
letter-factor-reset = An administrator removed your second factor. All sessions have ended.
letter-factor-token = An API token was issued.
letter-factor-sign-on = Single sign-on was connected.
letter-factor-sign-on-off = Single sign-on was disconnected; sessions that began by it have ended.
