# Sessions, sign-in attempts, API tokens and outgoing mail
nav-attempts = Sign-in attempts
nav-service-tokens = Service tokens
nav-mails = Outgoing mail
tab-profile = Details
tab-sessions = Sessions
tab-tokens = API tokens
browser-on = { $browser } on { $system }
browser-unknown = Unknown browser
sessions-lead = Where you are signed in, and who tried it with your address.
sessions-heading = Where you are signed in
sessions-end-others = Sign out everywhere else
sessions-ended = { $n ->
    [one] 1 session was ended.
   *[other] { $count } sessions were ended.
}
session-browser = Browser
session-address = Network address
session-began = Began
session-used = Last used
session-this = This session
session-end = End
user-sessions = Sessions
user-sessions-none = This user is signed in nowhere.
user-sessions-end = Sign out everywhere
user-tokens = API tokens
user-attempts = Sign-in attempts of this user
attempts-lead = Who tried to sign in, from where, and how it went.
attempts-lead-own = Who tried to sign in with your address, from where, and how it went.
attempts-kept = { $n ->
    [one] They are kept for 1 day.
   *[other] They are kept for { $count } days.
}
attempts-own = Last attempts with your address
attempts-all = All attempts
attempts-none = No attempts found
attempts-unknown-help = Something you do not recognise? Sign out everywhere else and choose a new password.
attempt-account = Account
attempt-result = Outcome
attempt-address-begins = Address begins with
attempt-all-results = All outcomes
attempt-ok = Signed in
attempt-ok-totp = Signed in with a code of an app
attempt-ok-recovery-code = Signed in with a recovery code
attempt-ok-passkey = Signed in with a passkey
attempt-wrong-password = Wrong password
attempt-unknown-user = Unknown address
attempt-inactive = Account closed
attempt-throttled = Too many attempts
attempt-second-factor-asked = Second factor asked for
attempt-wrong-second-factor = Wrong second factor
attempt-wrong-passkey = Passkey refused
attempt-initial-password = Sent on to choose a password
attempt-initial-password-ended = First password, no longer good
attempt-other = Refused: { $reason }
tokens-lead = By which your own programs come in, in your name.
tokens-none = No tokens yet
service-tokens-lead = By which programs come in that belong to nobody in person. They go on working when whoever issued them leaves.
token-fresh = Your new token
token-fresh-text = Copy it now: it is shown only this once.
token-issue = Issue a token
token-name = What for
token-life = For how long
token-life-month = 30 days
token-life-quarter = 90 days
token-life-year = A year
token-life-endless = For ever
token-only-reading = (only reading)
token-scopes = Scopes
token-unbounded = Whatever you may
token-unbounded-text = Else only what is ticked below.
token-unbounded-short = Whatever you may
token-role = Acts as
token-customers = For which customers
token-customers-help = Names or numbers, one a line. Beheer sees every customer: then name none.
token-used = Last used
token-issued = issued
token-until = Works until
token-ended = Has not worked since
token-endless = For ever
token-revoke = Revoke
problem-scopes = Tick at least one scope that the role can have.
problem-token-customers = Name at least one customer, but none with the role beheer.
mails-lead = What waits, what was sent and what was not. What is in a mail is forgotten once it is sent.
mails-test = Test mail to { $address }
mails-tested = The test mail is on its way; see below what becomes of it.
mails-hurry = Try again now
mails-hurried = { $n ->
    [one] 1 mail that waits is tried again now.
   *[other] { $count } mails that wait are tried again now.
}
mails-unconfigured = No mail server is configured.
mails-unconfigured-text = Padwacht sends nothing: hand invitations over yourself, and help those who forgot a password. Set:
mails-all = All mail
mails-none = No mail found
mail-queued = Queued
mail-recipient = To
mail-attempts = Attempts
mail-next = again
mail-waiting = Waiting
mail-sent = Sent
mail-failed = Refused
mail-expired = Expired
audit-kind-session = Sessions
