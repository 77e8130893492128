//! Made-up Dutch organisation names, and host-name forms of place names.
//!
//! The words are joined from two lists into place names that do not exist, so
//! that no real company is named on purpose.

use super::super::random::Random;

const BRANCHES: [&str; 36] = [
    "Accountantskantoor",
    "Advocatenkantoor",
    "Apotheek",
    "Architectenbureau",
    "Autobedrijf",
    "Bakkerij",
    "Basisschool",
    "Bloemisterij",
    "Bouwbedrijf",
    "Camping",
    "Dierenkliniek",
    "Drukkerij",
    "Fietsenfabriek",
    "Fysiotherapie",
    "Glashandel",
    "Hotel",
    "Houthandel",
    "Huisartsenpraktijk",
    "Installatiebedrijf",
    "Jachthaven",
    "Kinderopvang",
    "Kwekerij",
    "Lyceum",
    "Makelaardij",
    "Metaalwerken",
    "Museum",
    "Notariskantoor",
    "Reisbureau",
    "Slagerij",
    "Tandartspraktijk",
    "Theater",
    "Transportbedrijf",
    "Uitgeverij",
    "Waterschap",
    "Woningstichting",
    "Zorggroep",
];

const FIRST: [&str; 40] = [
    "Wilgen", "Linden", "Zilver", "Noorder", "Duin", "Klooster", "Berken", "Honing", "Water",
    "Molen", "Elzen", "Kastanje", "Vlier", "Zonne", "Winter", "Raven", "Kraan", "Otter", "Bever",
    "Dennen", "Heide", "Korenaar", "Klaver", "Laken", "Mosterd", "Noten", "Olmen", "Parel",
    "Rozen", "Sleutel", "Spiegel", "Toren", "Veen", "Vlas", "Wiede", "IJzer", "Zand", "Zwanen",
    "Appel", "Bijen",
];

const SECOND: [&str; 32] = [
    "oever", "hof", "veld", "brug", "donk", "stede", "horst", "kamp", "rade", "beek", "wijk",
    "laar", "haven", "poort", "berg", "dal", "eind", "gaarde", "heuvel", "akker", "kade", "lust",
    "oord", "plas", "rust", "sluis", "tuin", "vaart", "weide", "zicht", "zoom", "zijde",
];

/// A branch and a place that does not exist, such as `Bakkerij Wilgenoever`.
pub(super) fn organisation(random: &mut Random) -> String {
    let (branch, first) = (random.pick(&BRANCHES), random.pick(&FIRST));
    format!("{branch} {first}{}", random.pick(&SECOND))
}

/// `text` as a part of a host name: `Bergen op Zoom` becomes `bergen-op-zoom`.
/// Letters outside ASCII are left out; never empty.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "site".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_plain() {
        let check = |input, expected| assert_eq!(slug(input), expected);
        check("Bergen op Zoom", "bergen-op-zoom");
        check("'s-Hertogenbosch", "s-hertogenbosch");
        check("Schiphol-Rijk", "schiphol-rijk");
        check("«»", "site");
    }

    #[test]
    fn names_are_two_words() {
        let mut random = Random::new(3, "names");
        for _ in 0..100 {
            assert_eq!(organisation(&mut random).split(' ').count(), 2);
        }
    }
}
