# Hoe het begin van een toestand bekend was
known-poll = Bekend uit een uitlezing
known-event-log = Bekend uit het gebeurtenissenlogboek
known-push = Bekend uit een push
known-outage = Bekend uit de storingslijst
known-other = Op een andere manier bekend
known-between = begonnen tussen { $from } en { $to }

# Waarom een component een toestand heeft die niemand gemeten heeft
because-silent = Er kwam langer dan de versheidsgrens niets geloofwaardigs van binnen: de bron was stil, verdacht of stond stil
because-disabled = Het component, of het apparaat ervan, is uitgeschakeld (disabled) in het NMS, dat er niet naar kijkt
because-ignored = Het wordt genegeerd (ignored) in het NMS, en deze bron slaat over wat genegeerd wordt
because-never-polled = Het NMS heeft het nog nooit uitgelezen: dat is geen storing
because-admin-shut = Iemand heeft deze poort dichtgezet (administratively down)
because-device-down = Het apparaat ligt plat en is niet uit te lezen; wat er het laatst van te zien was, staat stil
because-management-lost = Het apparaat antwoordt op ping maar niet op SNMP: alleen het beheer ervan is weg
because-gone = Het NMS toont het niet meer: verwijderd, onder een ander nummer opnieuw toegevoegd, of onzichtbaar voor ons token
because-odd-status = Het NMS geeft een status die noch goed noch fout betekent
because-check-unknown = Er is een storing vastgelegd, maar niet welke controle faalde
because-other = Om een reden die een andere versie van padwacht kent

# Componenten die services noemen en waar het NMS niet naar kijkt
unwatched = Genoemd door services, en niet bewaakt
unwatched-note = Deze zijn of worden onbekend. Herstel het in het NMS, of in het pad van de service.
unwatched-lead = Het nieuwste pad van elke service, naast de nieuwste inventarissen gelegd. Die worden nu en dan vanzelf gelezen, of nu meteen.
unwatched-read = Lees alle inventarissen nu
unwatched-waits = Wordt gelezen:
unwatched-none = Alles wat services noemen, wordt bewaakt.
unwatched-component = Component
unwatched-why = Waarom
unwatched-seen = het laatst in de lijst van het NMS
unwatched-disabled = Het apparaat is uitgeschakeld (disabled) in het NMS
unwatched-ignored = Het apparaat wordt genegeerd (ignored) in het NMS: het wordt uitgelezen, maar niemand krijgt een melding
unwatched-gone = Het NMS toont het niet meer
unwatched-replaced = Verwijderd en onder een ander nummer opnieuw toegevoegd; noem in de service het nieuwe component:
