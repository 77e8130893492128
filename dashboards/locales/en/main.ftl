# Shell
skip-to-content = Skip to content
nav-main = Main menu
nav-menu = Menu
nav-overview = Overview
nav-services = Services
nav-sources = Sources
nav-set-aside = Set aside
nav-docs = API
nav-customers = Customers
nav-users = Users
nav-profile = My profile
nav-audit = Audit trail
nav-permissions = Permissions
nav-sign-out = Sign out
language = Language
theme = Appearance
theme-light = Light
theme-auto = Follows the system
theme-dark = Dark
breadcrumb = Breadcrumb
footer-data-until = Data until
footer-stale = stale
footer-no-data = No data yet
footer-zone = Times in { $zone }
footer-licenses = Licences

# Notices
notices = Notices
notice-since = Since
notice-stale-title = The data are behind.
notice-stale-until = Up to date until
notice-stale-meaning = What happened after that is not shown yet.
notice-source-down-title = Source { $source } does not answer.
notice-source-down-meaning = What it watches turns unknown: that counts neither as uptime nor as downtime.
notice-source-suspect-title = Source { $source } gives doubtful answers.
notice-source-suspect-meaning = The last known states stay in force until they expire; the answers are not taken over.
notice-alarm-title = Alarm: source { $source } gives answers that cannot be right.
notice-alarm-meaning = Nothing of them is taken over. The last known states stay in force until they expire, and then turn unknown. Look at it now.
notice-alarm-other = It answers as if all were well.
notice-source-link = See what is wrong and what to do
notice-set-aside-title = { $n ->
    [one] 1 record or sample was set aside in the last 24 hours.
   *[other] { $count } records and samples were set aside in the last 24 hours.
}
notice-set-aside-newest = The newest is from
notice-set-aside-link = See what and why

# States
state-up = Up
state-degraded = Degraded
state-down = Down
state-maintenance = Maintenance
state-unknown = Unknown
state-not-existing = Not in service
state-component-up = Up
state-component-unknown = Unknown
state-component-down = Down

# Time
time-today = today
time-yesterday = yesterday
since = since
ongoing = ongoing
period-today = Today
period-7d = 7 days
period-30d = 30 days
period-month = This month
period-year = This year
zoom-24h = 24 hours
zoom-7d = 7 days
zoom-30d = 30 days

# Sign in
login-title = Sign in
login-heading = Sign in to Padwacht
login-lead = Whether every customer service works, and if not: why.
login-email = Email address
login-password = Password
login-submit = Sign in
login-bad-credentials = Email address or password is wrong.
login-too-many = Too many attempts. Try again in { $wait }.
login-expired = Your session has ended. Sign in again.

# Overview
headline-up = All services are up
headline-none = No services yet
headline-down = { $n ->
    [one] 1 service is down
   *[other] { $count } services are down
}
headline-degraded = { $n ->
    [one] 1 service without redundancy
   *[other] { $count } services without redundancy
}
headline-unknown = { $n ->
    [one] The state of 1 service is unknown
   *[other] The state of { $count } services is unknown
}
headline-maintenance = { $n ->
    [one] 1 service in maintenance, the rest up
   *[other] { $count } services in maintenance, the rest up
}
headline-total = { $n ->
    [one] 1 service
   *[other] { $count } services
}
headline-updated = updated
tiles-label = Services per state
troubles-heading = Disrupted now
troubles-none = No disruptions
troubles-none-text = No service is down or degraded.
troubles-more = { $n ->
    [one] 1 more service
   *[other] { $count } more services
}
impacts-heading = Biggest causes
impact-down = { $n ->
    [one] 1 service down
   *[other] { $count } services down
}
impact-degraded = { $n ->
    [one] 1 service degraded
   *[other] { $count } services degraded
}
impact-maintenance = { $n ->
    [one] 1 service in maintenance
   *[other] { $count } services in maintenance
}
impact-unknown = { $n ->
    [one] 1 service is unknown
   *[other] { $count } services are unknown
}
cause = Cause
cause-unknown = Cause not known

# Services
services-heading = Services
services-all = All services
services-caption = Services with state and uptime
services-none = No services yet
services-none-text = Services appear here as soon as they are defined.
services-not-found = Nothing found
search = Search
search-placeholder = Search service, customer or number
filter-state = State
filter-all-states = All states
filter-remove = Remove filter
filter-clear = Remove all filters
sort = Order
sort-state = Worst first
sort-name = By name
sort-customer = By customer
column-state = State
column-service = Service
column-30-days = Last 30 days
days-label = { $n ->
    [0] Last 30 days: no day with an outage
    [one] Last 30 days: 1 day with an outage
   *[other] Last 30 days: { $count } days with an outage
}
pager = Pages
pager-range = { $rows } of { $total }
pager-previous = Previous
pager-next = Next

# Service
kpis = Key figures
kpi-uptime = Uptime { $period }
kpi-outages = Outages 30 days
kpi-down-total = in total
kpi-longest = Longest outage
kpi-in-30-days = in 30 days
kpi-degraded = Degraded
completeness = measured
timeline-heading = Timeline
timeline-zoom = Period
timeline-label = State over time; the table below says the same
trend-heading = Uptime per day
trend-label = Bar chart of uptime per day; the table below says the same
trend-scale = scale starts at { $floor }
trend-none = No days with figures yet
as-table = As a table
as-list = As a list
path-heading = Path
path-none = No path is in force now.
path-all = All are needed
path-shared = Shared part
path-any = One is enough
path-at-least = { $k } of { $n } routes are needed
path-any-of = One of { $n } routes is enough
path-working = { $n } of { $total } up
path-lane = Route { $n }
path-stretch = { $count } hops, all up
intervals-heading = Events
intervals-caption = States with start, end, duration and causes, newest first
intervals-none = No events yet
download-csv = CSV
column-day = Day
column-worst = Worst state
column-uptime = Uptime
column-down = Down
column-start = Start
column-end = End
column-duration = Duration
column-causes = Causes

# Why
why = Why?
why-heading = Why this state?
why-at = Instant
why-as-of = As known at (empty: now)
why-ask = Show
why-before = Previous change
why-after = Next change
why-rule-number = (rule { $n })
why-rule-not-existing = No version of this service holds at this instant: it does not exist then.
why-rule-unknown = What is unknown could decide either way: nobody can say whether the path works.
why-rule-maintenance-alone = The path does not work, and would not even if every unplanned failure were taken away: maintenance alone explains it.
why-rule-service-window = The path does not work, and not by maintenance of components alone, but maintenance was announced for the service itself.
why-rule-down = The path does not work, and maintenance does not explain it: without the unplanned failures it would not be down.
why-rule-degraded = The path works, but something in it does not: redundancy is lost.
why-rule-up = The path works, and so does everything in it.
why-differs = This is not what is recorded. A change may still be on its way to the engine.
why-differs-as-of = This is not what was recorded then: a measurement was revised since, and its older form is not kept. What was recorded holds.
why-recorded = Recorded
why-recorded-none = No interval at this instant
why-at-start = To its start
why-service-window = Maintenance of the service
why-version = Definition holds
why-unchanged = Nothing changes
why-tree = The path, step by step
why-tree-note = what decided is marked
why-need-all = All { $n } needed
why-need-any = 1 of { $n } needed
why-need-some = { $k } of { $n } needed
why-count-up = { $n } up
why-count-unknown = { $n } unknown
why-count-down = { $n } down
why-second = Without unplanned failures: { $counts }
why-never = never measured
why-no-version = service, does not exist then
why-elsewhere = service, shown elsewhere in this path
why-too-deep = service, too deep to show
why-service = service
why-samples = samples
samples-heading = Samples behind { $name }
samples-note = around the turn and just before this instant, from the log
samples-away = The log of samples cannot be read now, or it is not known which device this is on.
samples-none = No samples around the turn or before this instant: nothing came in.
samples-forgotten = Older samples are not available any more: the log keeps them no longer.
samples-cut = There are more; here are those around the turn and the latest.
samples-at = Held at
samples-source = Seen by
samples-observed = Read at
samples-place = Place in the log
samples-turn = turn
sample-poll = poll
sample-event-log = event log of the NMS
sample-push = push
sample-outage = outage list of the NMS
sample-other = otherwise
period-from-to = from { $from } until { $to }
period-from = since { $from }
period-to = until { $to }
period-always = as long as is known
as-of = As known on
as-of-meaning = What came in or was corrected later does not count here.
as-of-leave = To what is known now
as-of-field = As known at
as-of-ask = Show
as-of-path = Why, as known then

# What if
nav-what-if = What if
plan-heading = What if?
plan-lead = Which services would fail or lose their redundancy, before you touch anything.
plan-what = Components
plan-search = Search a device or port by name, site or description
plan-from = From
plan-until = Until
plan-planned = Planned work, with maintenance windows
plan-ports = A device takes its ports with it
plan-ask = Work it out
plan-refused-nothing = Choose at least one component first.
plan-refused-period = The period must end after it starts, and last 31 days at most.
plan-refused-large = Too much hangs on this. Choose fewer components or a shorter period.
plan-unneeded = No service needs { $name } in this period.
plan-clashes = Clashes with other planned work
plan-clashes-text = These services survive this work, and the other too, but not both at once.
plan-clash-when = No path left
plan-clash-other = Planned already
plan-clash-own = This plan
plan-hits = Services hit
plan-hits-none = No service changes its state
plan-otherwise = Otherwise
plan-more = There are more; the worst are here. The API gives them all.
plan-unaffected = { $n ->
    [0] No other service needs any of this.
    [one] 1 other service needs some of this and keeps its state.
   *[other] { $count } other services need some of this and keep their state.
}
plan-ports-taken = { $n ->
    [one] 1 port is counted with it.
   *[other] { $count } ports are counted with it.
}
plan-assumption = Everything else is taken to stay as it is known now.
plan-announce = Announce this maintenance
plan-announce-text = Makes a maintenance window in this period for each chosen component. An outage that it explains then counts as maintenance.
plan-note = Reason or change number
plan-announce-button = Announce
plan-announced = { $n ->
    [one] 1 maintenance window was announced.
   *[other] { $count } maintenance windows were announced.
}

# Errors
error-not-found = This page does not exist
error-not-found-text = The address is wrong, or what was here is gone.
error-forbidden = You may not see this
error-forbidden-text = Ask your administrator for access if you need it.
error-internal = Something went wrong
error-internal-text = The fault is ours. Try again; if it keeps failing, pass on this number.
error-unavailable = The figures cannot be read now
error-unavailable-text = The store does not answer. Measuring goes on and is caught up as soon as it is back.
error-wait = Try again in { $wait }.
error-reference = Number
error-to-overview = To the overview

# Set aside
set-aside-lead = What the pipeline could not use counts in no figure. Rows are kept for 30 days.
set-aside-all = All reasons
set-aside-show = Show
set-aside-none = Nothing was set aside
set-aside-none-text = Every record and every sample could be used.
set-aside-undecodable = Cannot be read
set-aside-implausible-time = Impossible time
set-aside-too-late = Too late
set-aside-refused = Definition refused
set-aside-lost = Dropped before it was read
set-aside-damaged = Damaged file
column-when = When
column-reason = Reason
column-record = Record
column-count = Number

# Sources
sources-lead = The systems that states come from, and how well they can be read.
sources-none = No sources yet
sources-none-text = Add your LibreNMS with the button above, or set up an account under [[nms]] in padwacht.toml.
column-source = Source
source-ok = In order
source-suspect = In doubt
source-alarm = Alarm
source-down = Cannot be read
source-ok-meaning = Answers come in time and make sense.
source-devices = Devices
source-devices-stale = Outdated
source-ports = Ports
source-data-age = Age of data
source-reported = Last reported
source-silent = No report for long
source-silent-text = The ingest stage itself no longer reports. What stands here says little about now; see whether the process runs.
source-left-alone = So much failed in a row that Padwacht leaves this source alone for now. It tries again by itself, at longer and longer intervals; the error above is the one to mend.
source-push-link = Set up push
source-poll-took = Last round took
source-last-success = Last usable
source-calls = Requests
source-calls-none = Nothing was asked yet.
source-failed = Failed
source-failed-count = { $n ->
    [one] 1 failed
   *[other] { $count } failed
}
source-cached = { $n ->
    [one] 1 from memory
   *[other] { $count } from memory
}
source-wire = On the wire
source-unpacked = Unpacked
source-throttle = Held by the throttle
source-together = Together
source-call = Kind of request
source-counted-since = Counted since
source-latency-note = Times over the last hour or two.
source-p50 = Half within
source-p99 = 99% within
source-max = Longest
source-last-call = Last
source-alarms = Alarms
source-alarms-note = When the source answered as if all were well, with something that cannot be right.
source-alarm-until = Until
source-alarm-lasts = Still going on
source-failures = Latest errors
source-failures-none = Nothing has gone wrong since the start.
source-fault = What it means
source-remedy = What to do
source-first = First
source-findings = Found by itself
source-findings-note = Each can be set where it is wrong.
source-finding = What
source-finding-value = Value
source-finding-how = How it was found
source-finding-set = Set by you
source-finding-found = Found:
source-abilities = What it can be asked for
source-ability-can = Possible

# Errors of sources
fault-unauthorized = The token is refused: unknown or disabled.
fault-unauthorized-do = Make a new token in LibreNMS under API access, for a user of role global-read, and put it into the settings.
fault-forbidden = The user of the token may not see this.
fault-forbidden-do = Give that user the role global-read in LibreNMS.
fault-not-found = What was asked for does not exist at this address.
fault-not-found-do = Check the address and its sub-directory; a very old LibreNMS does not know some requests.
fault-rejected = The source calls the request wrong.
fault-rejected-do = Please report it with the version of LibreNMS; probably a column or parameter has changed.
fault-throttled = Something between us and the source limits the number of requests.
fault-throttled-do = Lower requests_per_second for this account, or raise the limit in the proxy.
fault-server-failed = The source itself failed while it answered.
fault-server-failed-do = See logs/librenms.log on that server; often PHP's memory_limit is too low.
fault-overloaded = The source ran out of time or memory for the answer.
fault-overloaded-do = Raise PHP's memory_limit and max_execution_time and the web server's patience on that server.
fault-unavailable = The source is under maintenance, or cannot reach its own database.
fault-unavailable-do = Check MariaDB on that server, and whether an update is running.
fault-timed-out = No complete answer came in time.
fault-timed-out-do = Check the load of that server; raise request_timeout if large lists really take so long.
fault-unreachable = No connection can be made.
fault-unreachable-do = Check address, DNS, route and firewall, and whether the web server runs.
fault-tls = The secure connection fails: certificate, name or protocol is wrong.
fault-tls-do = Renew the certificate, or install the authority that issued it here.
fault-redirected = The address redirects; that is not followed, because the token would go along.
fault-redirected-do = Put the final address into the settings, or remove the login page in front of it.
fault-not-json = A web page came instead of data.
fault-not-json-do = Run validate.php on that server (often file permissions), and see that no login page stands in front.
fault-malformed = The answer does not have the shape that LibreNMS gives.
fault-malformed-do = See whether a proxy changes answers or PHP adds warnings; else report it with the version.
fault-truncated = The answer broke off. Nothing of it was used.
fault-truncated-do = See the logs of web server and PHP on that server: a limit or a restart cut it.
fault-too-large = The answer is larger than the limit. Nothing of it was used.
fault-too-large-do = No ordinary LibreNMS does this; check the address, and report it.
fault-empty = The list is empty where there must be something. The last known state stays.
fault-empty-do = Check the rights of the token's user; updates of LibreNMS sometimes take them away.
fault-shrunk = The list is suddenly much shorter. The last known state stays.
fault-shrunk-do = If so many devices were really removed, it is believed after an hour. Else check the rights of the token's user.
fault-foreign-rows = The source gave rows of another device than was asked for. Nothing of it was used.
fault-foreign-rows-do = The device has probably just been removed; if it stays, report it with the version of LibreNMS.
fault-zone-unknown = The time zone of the source cannot be found out, so its times cannot be placed.
fault-zone-unknown-do = Set time_zone for this account.
fault-clock-ahead = The source gives times in the future.
fault-clock-ahead-do = Run NTP on that server, its pollers and here, and check time_zone.
fault-stalled = The source answers, but has itself stopped looking at the network.
fault-stalled-do = Check the pollers of LibreNMS: the poller page, cron or librenms.service.
fault-paused = Too much failed in a row; the source is left alone for a while.
fault-paused-do = Nothing: it is tried again by itself. Mend the error that came before.
fault-misconfigured = With these settings the account cannot be read.
fault-misconfigured-do = Correct the account's settings and start ingest again; padwacht doctor checks them.

# Users and customers
role-beheer = Administrator
role-beheer-text = sees and does everything
role-accountmanager = Account manager
role-accountmanager-text = reads what belongs to the assigned customers
role-klant = Customer
role-klant-text = reads their own services
standing-invited = Invited
standing-active = Active
standing-inactive = Inactive
standing-banned = Banned
field-name = Name
field-role = Role
field-standing = Access
field-time-zone = Time zone
field-notification-email = Notifications to
field-customers = Acts for these customers
field-customers-help = One customer a line, by name or number. At least one for a customer, none for an administrator.
field-number = Number
field-manager = Account manager
field-nobody = Nobody
field-contact = Contact
field-contacts = Contacts
field-duty = Duty
field-phone = Telephone
form-save = Save
form-cancel = Cancel
form-saved = Saved.
column-user = User
column-line = Line
column-plan = What happens
users-lead = Who may come in, and as what.
users-search = Search by name or address
users-all-roles = All roles
users-all-standings = Everybody
users-none = No users found
users-invite = Invite a user
users-import = Import users
user-since = Added
user-new-lead = Whoever is invited chooses a password by a link that works once.
user-access = Access
user-access-text = Whoever may no longer come in is out at once: sessions end, and API tokens never work again.
user-invite-again = Invite again
user-deactivate = Withdraw access
user-reactivate = Let in again
user-issued-tokens = API tokens of services that this user issued. A ban revokes them, withdrawing access does not:
user-ban = Ban
link-heading = Invitation
link-text = Send this link to the user. It is shown only now.
link-until = It works once, until
link-no-mail = Padwacht does not send this invitation itself.
import-lead = All or nothing: try it first, and see line by line what would happen.
import-text = List (CSV)
import-help = The first line names the columns; only email is needed. Part several customers by a vertical bar:
import-try = Try
import-do = Do it
import-file = Choose a file
import-lines = Line by line
import-unreadable = This cannot be read as a list of users:
import-moved = Something changed since the trial. Below is what would happen now; nothing has been done.
import-trial = This is a trial: nothing has changed yet.
import-done = Done. The links below are shown only now.
import-invite = Invite
import-update = Change
import-nothing = Nothing to do
import-refused = Refused
import-fault-cells = The line has { $found } cells, the first line { $named }.
import-fault-role = There is no role { $found }: choose beheer, accountmanager or klant.
import-fault-language = There is no language { $found }: choose nl or en.
import-fault-twice = This e-mail address is in another line too.
import-fault-role-missing = A new user needs a role.
import-fault-no-customer = No customer has the name or number { $found }.
import-fault-acts-for-nobody = Somebody with the role klant belongs to at least one customer.
import-fault-email = This is no e-mail address.
import-fault-notification-email = The address for notices is no e-mail address.
import-fault-name = The name is too long or holds characters that it cannot.
import-fault-time-zone = There is no such time zone; a name such as Europe/Amsterdam is meant.
import-fault-customers = This user cannot have these customers: an administrator has none, and for others there is a limit.
import-fault-last-administrator = At least one active administrator must remain.
import-fault-other = This line cannot be taken.
import-fault-not-csv = it is not CSV.
import-fault-column = the column { $found } is not known.
import-fault-column-twice = the column { $found } occurs twice.
import-fault-no-email = the column email is missing in the first line.
import-fault-empty = it holds no users.
import-fault-too-many = it holds more than { $most }.
register-title = Invitation
register-heading = Welcome to Padwacht
register-lead = You are invited as { $email }. Choose a password to come in.
register-password = Password, at least { $least } characters
register-again = Once more
register-submit = Create account
register-gone = This invitation does not work
register-gone-text = It expired or was used. Ask your administrator for a new one.
profile-lead = Your name, language and time zone. An administrator changes address, role and customers.
profile-zone-help = Instants are shown in your own time zone. Days and figures are those of the product, so that everybody reads the same.
customers-lead = Whose services they are, and whom to call.
customers-search = Search by name or number
customers-none = No customers found
customers-add = Add a customer
customer-remove = Remove customer

# What is wrong in a form
problem-email-taken = There is a user with this address already.
problem-email = Give a mail address, such as name@example.net.
problem-name = Give a name of one line.
problem-notification-email = The address for notifications is no mail address.
problem-time-zone = Choose a time zone of the list, such as Europe/Amsterdam.
problem-customer-needed = A user with the role customer acts for at least one customer.
problem-customers-of-administrator = An administrator sees every customer: name none.
problem-unknown-customer = No customer has the name or number "{ $name }".
problem-last-administrator = This is the last active administrator; one must remain.
problem-never-came-in = This user never chose a password: send a new invitation.
problem-stale = Somebody else was first. Below is what is there now; make your change again.
problem-customer-taken = Another customer has this name or number.
problem-contacts = Every contact has a name; there can be at most twenty.
problem-manager = This user cannot be account manager, or has too many customers.
problem-in-use = This customer still has services or users.
problem-password = Choose a password of at least { $least } characters.
problem-password-common = Many people choose this password, and it is tried first. Choose another, such as four words that have nothing to do with each other.
problem-password-names = This password is little more than names that others know: of the product, its address, the customer or yourself. Choose another.
problem-password-breached = This password is known from a breach of another site. Choose one that you use nowhere else.
problem-passwords-differ = The two passwords differ.
problem-other = This was refused: { $reason }

# Audit trail and permissions
audit-lead = Who changed what, when and from where.
audit-search = Search by who or what
audit-who = Who
audit-object = What
audit-changes = Change
audit-by-token = by token
audit-all-kinds = Everything
audit-kind-service = Services
audit-kind-customer = Customers
audit-kind-user = Users
audit-kind-window = Maintenance
audit-kind-api-token = API tokens
audit-kind-account = NMS accounts
audit-kind-setting = Settings
audit-none = Nothing found
audit-verify = Check the chain
audit-whole = The chain is whole, from entry { $first } to { $last }.
audit-keep = Keep this hash elsewhere:
audit-broken = The chain is broken.
permissions-lead = What each role may do. This comes from the very rules that every request passes.
permissions-action = Action
permissions-confirmation = Asked besides
permissions-service = service:
permissions-no-token = not with a token
confirmation-nothing = nothing
confirmation-recent = a fresh sign-in
confirmation-recent-in-session = a fresh sign-in, in a session
confirmation-recent-or-service = a fresh sign-in, or a service's token
confirmation-session = a session
permissions-own = Own: one's own account, or what belongs to the customers that somebody acts for or that are assigned to them.
permission-read-services = Read services: state, figures, export
permission-explain-services = Read why a service is so
permission-edit-services = Change and import services
permission-read-customers = Read customers
permission-edit-customers = Change customers
permission-read-users = Read users
permission-edit-users = Invite, change and ban users
permission-plan-work = What if, and announce maintenance
permission-read-components = Read components and samples
permission-read-pipeline = Read sources and pipeline
permission-edit-pipeline = Let sources push and read them anew
permission-edit-sources = Enter the accounts and tokens of sources
permission-read-audit = Read and check the audit trail
permission-read-permissions = Read these permissions
permission-profile = One's own profile
permission-tokens = One's own API tokens
permission-session = Sessions: list and end
permission-service-tokens = API tokens of services
permission-read-mails = Read the mails on their way
permission-send-mails = Try mails again, send a test mail
permission-read-attempts = Read sign-in attempts
permission-api-docs = Documentation of the API
reach-nothing = Nothing
reach-own = Own
reach-everything = Everything
import-invites = { $n ->
    [one] 1 invitation
   *[other] { $count } invitations
}
import-updates = { $n ->
    [one] 1 change
   *[other] { $count } changes
}
import-has-refused = { $n ->
    [one] 1 line is refused; nothing has changed.
   *[other] { $count } lines are refused; nothing has changed.
}
customer-services = { $n ->
    [one] 1 service
   *[other] { $count } services
}
audit-fields = { $n ->
    [one] 1 field
   *[other] { $count } fields
}
permissions-routes = { $n ->
    [one] 1 address
   *[other] { $count } addresses
}
