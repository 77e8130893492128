# The documentation of the API
docs-title = API documentation
docs-lead = { $n ->
    [one] 1 operation, with what it takes and what it answers.
   *[other] { $count } operations, with what they take and what they answer.
}
docs-openapi = OpenAPI as JSON
docs-contents = On this page
docs-before = For all operations
docs-come-in = Access
docs-come-in-token = Send an API token with every request, in the header Authorization. A token of your own begins with pw_, that of a service with pws_.
docs-make-token = Your tokens
docs-come-in-scope = A token goes as far as whoever issued it, and no further than its scopes. Each operation says which scope it needs. Whoever may change something may read it too.
docs-come-in-session = Whoever is signed in with a browser comes in with their session as well. What gives or takes access then asks for a fresh proof of who you are first.
docs-conventions = Conventions
docs-limits = Whoever asks too much at once gets 429; Retry-After says after how many seconds to ask again.
docs-errors = Errors
docs-errors-text = Every error has the same form: application/problem+json (RFC 9457). Compare by type and status; title and detail are for people, in the language of Accept-Language. With request_id you find the request in the log. What you may not see answers exactly as what does not exist: 404.
docs-lists = Long lists
docs-lists-text = Lists come in parts: limit is how many a part holds (100 unless given, at most 1000), offset how many are left out before it, and the answer says total. The audit trail and the attempts to sign in grow meanwhile: send next of the answer as below there, until next is null.
docs-idempotency = Sending twice without harm
docs-idempotency-text = What creates something takes a header Idempotency-Key: a text that you choose, such as a UUID. When no answer came, send the same again with the same key: for a day it is answered as the first was, with Idempotency-Replayed: true, and nothing is made twice. What is shown only once, such as a token, is null then. With another request the key is refused.
docs-access-scope = Scope of the token:
docs-access-signed-in = For whoever is signed in or has a token
docs-access-session = In the browser alone, signed in: with no token
docs-access-push = With the push secret of the account
docs-access-anybody = For everybody
docs-parameters = Parameters
docs-in-path = in the path
docs-in-query = in the query
docs-in-header = header
docs-required = required
docs-body = Request body
docs-answers = Answers
docs-otherwise = otherwise
docs-error-form = form of an error
docs-fields-of = Fields of
docs-curl = With curl
docs-field = Name
docs-type = Type
docs-meaning = Meaning
docs-one-of = One of:
docs-default = Default:
docs-example = Example:
