# De documentatie van de API
docs-title = Documentatie van de API
docs-lead = { $n ->
    [one] 1 aanroep, met wat hij verwacht en antwoordt. De omschrijvingen zijn in het Engels.
   *[other] { $count } aanroepen, met wat ze verwachten en antwoorden. De omschrijvingen zijn in het Engels.
}
docs-openapi = OpenAPI als JSON
docs-contents = Inhoud van deze pagina
docs-before = Voor alle aanroepen
docs-come-in = Toegang
docs-come-in-token = Stuur bij elke aanroep een API-token mee, in de header Authorization. Een token van uzelf begint met pw_, een van een dienst met pws_.
docs-make-token = Uw tokens
docs-come-in-scope = Een token komt zo ver als wie het uitgaf, en niet verder dan zijn scopes. Bij elke aanroep staat welke scope nodig is. Wie mag wijzigen, mag ook lezen.
docs-come-in-session = Wie in de browser is ingelogd, komt ook met zijn sessie binnen. Wat iemand toegang geeft of ontneemt, vraagt dan eerst een nieuw bewijs van wie u bent.
docs-conventions = Afspraken
docs-limits = Wie te veel tegelijk vraagt, krijgt 429; in Retry-After staat na hoeveel seconden het weer kan.
docs-errors = Fouten
docs-errors-text = Elke fout heeft dezelfde vorm: application/problem+json (RFC 9457). Vergelijk op type en status; title en detail zijn voor mensen, in de taal van Accept-Language. Met request_id vindt u de aanroep terug in het log. Wat u niet mag zien, antwoordt hetzelfde als wat niet bestaat: 404.
docs-lists = Lange lijsten
docs-lists-text = Lijsten komen in delen: limit is hoeveel er in een deel komen (100 tenzij anders gezegd, ten hoogste 1000), offset hoeveel er worden overgeslagen, en in het antwoord staat total. Het auditlog en de aanmeldpogingen groeien intussen door: stuur daar next uit het antwoord mee als below, tot next leeg is.
docs-idempotency = Twee keer sturen zonder gevolgen
docs-idempotency-text = Wat iets maakt, neemt een header Idempotency-Key aan: een tekst die u zelf kiest, zoals een UUID. Kwam er geen antwoord, stuur dan hetzelfde nog eens met dezelfde sleutel: een dag lang komt het eerste antwoord terug, met Idempotency-Replayed: true, en wordt er niets dubbel gemaakt. Wat maar één keer wordt getoond, zoals een token, is dan leeg. Met een ander verzoek wordt de sleutel geweigerd.
docs-access-scope = Scope van het token:
docs-access-signed-in = Voor wie is ingelogd of een token heeft
docs-access-session = Alleen in de browser, ingelogd: met geen enkel token
docs-access-push = Met het pushgeheim van het account
docs-access-anybody = Voor iedereen
docs-parameters = Parameters
docs-in-path = in het pad
docs-in-query = in de query
docs-in-header = header
docs-required = verplicht
docs-body = Inhoud van de aanroep
docs-answers = Antwoorden
docs-otherwise = anders
docs-error-form = vorm van een fout
docs-fields-of = Velden van
docs-curl = Met curl
docs-field = Naam
docs-type = Type
docs-meaning = Betekenis
docs-one-of = Een van:
docs-default = Standaard:
docs-example = Voorbeeld:
