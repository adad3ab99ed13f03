//! The reference data: what the files must hold, and how cells are recognised.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::*;

fn countries() -> Countries {
    Countries::load().expect("the embedded files load")
}

fn recognised(written: &str) -> Option<String> {
    countries()
        .recognise(written)
        .map(|country| country.code.clone())
}

#[test]
fn the_eight_countries_load_in_their_order() {
    let codes: Vec<String> = countries().iter().map(|c| c.code.clone()).collect();
    assert_eq!(codes, ["AZ", "KZ", "KG", "TR", "UZ", "HU", "TM", "TRNC"]);
}

#[test]
fn a_code_equals_iso_alpha_2_except_for_trnc_which_has_none() {
    for country in countries().iter() {
        let expected = (country.code != "TRNC").then(|| country.code.clone());
        assert_eq!(country.iso_alpha2, expected, "{}", country.code);
        assert_eq!(
            country.iso_alpha3.is_some(),
            country.iso_alpha2.is_some(),
            "{}",
            country.code
        );
    }
}

#[test]
fn standing_is_as_it_was_on_the_day() {
    let countries = countries();
    let starts = [
        ("AZ", 2009, 10, 3, Standing::Member),
        ("KZ", 2009, 10, 3, Standing::Member),
        ("KG", 2009, 10, 3, Standing::Member),
        ("TR", 2009, 10, 3, Standing::Member),
        ("UZ", 2019, 10, 15, Standing::Member),
        ("HU", 2018, 9, 3, Standing::Observer),
        ("TM", 2021, 11, 12, Standing::Observer),
        ("TRNC", 2022, 11, 11, Standing::Observer),
    ];
    for (code, year, month, day, standing) in starts {
        let country = countries.get(code).expect("a country");
        let first = NaiveDate::from_ymd_opt(year, month, day).expect("a day");
        assert_eq!(country.standing_on(first), Some(standing), "{code}");
        assert_eq!(
            country.standing_on(first.pred_opt().expect("a day before")),
            None,
            "{code}"
        );
        assert_eq!(
            country.standing_on(first + chrono::Days::new(3000)),
            Some(standing),
            "{code}"
        );
    }
}

#[test]
fn a_later_standing_does_not_change_an_earlier_day() {
    let mut country = countries().get("HU").expect("Hungary").clone();
    let since = NaiveDate::from_ymd_opt(2030, 1, 1).expect("a day");
    country.standing.insert(
        0,
        StandingPeriod {
            standing: Standing::Member,
            since,
        },
    );
    assert_eq!(country.standing_on(since), Some(Standing::Member));
    assert_eq!(
        country.standing_on(since.pred_opt().expect("a day before")),
        Some(Standing::Observer)
    );
}

#[test]
fn every_country_is_named_in_english_russian_turkish_and_its_own_languages() {
    for country in countries().iter() {
        for tag in ["en", "ru", "tr"]
            .into_iter()
            .chain(country.languages.iter().map(String::as_str))
        {
            assert!(
                country.names.get(tag).is_some_and(|name| !name.is_empty()),
                "{} {tag}",
                country.code
            );
        }
    }
}

#[test]
fn every_country_says_who_registers_which_forms_of_ngos_under_which_schemes() {
    for country in countries().iter() {
        assert!(
            !country.authorities.is_empty() && !country.schemes.is_empty(),
            "{}",
            country.code
        );
        let ngo: Vec<bool> = country.legal_forms.iter().map(|form| form.ngo).collect();
        assert!(
            ngo.first() == Some(&true) && ngo.is_sorted_by(|a, b| a >= b),
            "{}: forms of NGOs first",
            country.code
        );
        for code in country
            .legal_forms
            .iter()
            .map(|f| &f.code)
            .chain(country.schemes.iter().map(|s| &s.code))
        {
            assert!(
                code.starts_with(&format!("{}-", country.code)),
                "{code} belongs to {}",
                country.code
            );
        }
    }
}

#[test]
fn languages_and_names_carry_only_tags_in_use() {
    let tags = [
        "en", "az-Latn", "kk-Cyrl", "kk-Latn", "ky-Cyrl", "tr", "uz-Latn", "uz-Cyrl", "hu",
        "tk-Latn", "ru",
    ];
    for country in countries().iter() {
        let forms = country
            .legal_forms
            .iter()
            .flat_map(|f| std::iter::once(&f.language).chain(f.other_names.keys()));
        let schemes = country
            .schemes
            .iter()
            .flat_map(|s| std::iter::once(&s.language).chain(s.other_names.keys()));
        let authorities = country.authorities.iter().map(|a| &a.language);
        for tag in country
            .languages
            .iter()
            .chain(country.names.keys())
            .chain(forms)
            .chain(schemes)
            .chain(authorities)
        {
            assert!(tags.contains(&tag.as_str()), "{} {tag}", country.code);
        }
    }
}

#[test]
fn every_scheme_of_the_table_is_there_and_its_example_passes() {
    let countries = countries();
    let listed: BTreeSet<String> = countries
        .iter()
        .flat_map(|c| &c.schemes)
        .chain(countries.global_schemes())
        .map(|s| s.code.clone())
        .collect();
    let table = [
        "AZ-VOEN",
        "TR-VKN",
        "TR-KUTUK",
        "KZ-BIN",
        "KG-OKPO",
        "KG-INN",
        "KG-REG",
        "UZ-STIR",
        "HU-NYILV",
        "HU-ADOSZAM",
        "TM-REG",
        "TRNC-REG",
        "LEI",
        "ROR",
        "WIKIDATA",
    ];
    assert_eq!(listed, table.into_iter().map(str::to_owned).collect());
    for code in &listed {
        let (owner, scheme) = countries.scheme(code).expect("a listed scheme");
        let found = check(
            &countries,
            owner.map(|c| c.code.as_str()),
            code,
            &scheme.example,
        )
        .expect("a known scheme");
        assert!(
            matches!(found.verdict, Verdict::Valid | Verdict::Unverifiable),
            "{found:?}"
        );
    }
}

#[test]
fn registration_numbers_are_public_and_tax_numbers_are_not() {
    for scheme in countries().iter().flat_map(|c| &c.schemes) {
        assert_eq!(
            scheme.public,
            scheme.kind != SchemeKind::Tax,
            "{}",
            scheme.code
        );
    }
}

#[test]
fn spellings_of_spreadsheets_are_recognised() {
    let cells = [
        (
            "AZ",
            vec![
                "Azərbaycan",
                "Azerbaijan",
                "AZE",
                "az",
                "AZƏRBAYCAN",
                "Az?rbaycan",
                "Азербайджан",
            ],
        ),
        (
            "KZ",
            vec![
                "KZ",
                "Қазақстан",
                "Казахстан",
                "ҚАЗАҚСТАН",
                "?аза?стан",
                "Qazaqstan",
                "Kazakhstan",
                "Kazakistan",
            ],
        ),
        (
            "KG",
            vec![
                "KG",
                "Кыргызстан",
                "Kyrgyz Republic",
                "Kırgızistan",
                "KIRGIZİSTAN",
                "Киргизия",
            ],
        ),
        (
            "TR",
            vec![
                "Turkey",
                "Türkiye",
                "TR",
                "TÜRKİYE",
                "TURKIYE",
                "turkiye",
                "Tu\u{308}rkiye",
                "Türkİye",
                "T.C.",
            ],
        ),
        (
            "UZ",
            vec![
                "O'zbekiston",
                "Oʻzbekiston",
                "O‘zbekiston",
                "O`zbekiston",
                "Ozbekiston",
                "Ўзбекистон",
                "Uzbekistan",
            ],
        ),
        (
            "HU",
            vec![
                "HU",
                "Magyarország",
                "Hungary",
                "MAGYARORSZAG",
                "Macaristan",
                "Венгрия",
            ],
        ),
        (
            "TM",
            vec!["Türkmenistan", "Turkmenistan", "Туркмения", "Түрікменстан"],
        ),
        (
            "TRNC",
            vec![
                "KKTC",
                "Kuzey Kıbrıs",
                "KUZEY KIBRIS",
                "TRNC",
                "Kuzey Kibris Türk Cumhuriyeti",
                "Северный Кипр",
            ],
        ),
    ];
    for (code, spellings) in cells {
        for spelling in spellings {
            for written in [
                spelling.to_owned(),
                format!("  {spelling}\u{a0} "),
                spelling.replace(' ', "\u{a0}"),
            ] {
                assert_eq!(recognised(&written).as_deref(), Some(code), "{written:?}");
            }
        }
    }
}

#[test]
fn an_apostrophe_of_any_kind_or_none_is_the_same_country() {
    for apostrophe in [
        "\u{2bb}", "\u{2bc}", "'", "\u{2018}", "\u{2019}", "`", "\u{b4}", "\u{ff07}", "",
    ] {
        for (written, code) in [
            ("Qozog_iston", "KZ"),
            ("Qirg_iziston", "KG"),
            ("O_zbekiston", "UZ"),
        ] {
            let written = written.replace('_', apostrophe);
            assert_eq!(recognised(&written).as_deref(), Some(code), "{written:?}");
        }
    }
}

#[test]
fn look_alike_letters_of_another_script_do_not_hide_a_country() {
    for (written, code) in [
        ("Azerba\u{456}jan", "AZ"),
        ("Az\u{4d9}rbaycan", "AZ"),
        ("Az\u{1dd}rbaycan", "AZ"),
    ] {
        assert_eq!(recognised(written).as_deref(), Some(code), "{written:?}");
    }
}

#[test]
fn every_name_code_and_alias_leads_to_its_country_in_any_case() {
    for country in countries().iter() {
        for spelling in country
            .names
            .values()
            .chain(&country.aliases)
            .chain([&country.code])
            .chain(&country.iso_alpha3)
        {
            for written in [
                spelling.clone(),
                spelling.to_uppercase(),
                spelling.to_lowercase(),
            ] {
                assert_eq!(
                    recognised(&written).as_ref(),
                    Some(&country.code),
                    "{written:?}"
                );
            }
        }
    }
}

#[test]
fn trnc_is_never_cy_and_a_bare_cyprus_is_nobody() {
    for written in [
        "CY", "cy", "CYP", "Cyprus", "Kıbrıs", "Kipr", "Кипр", "", " ", "?", "Germany", "Republic",
    ] {
        assert_eq!(recognised(written), None, "{written:?}");
    }
    assert!(countries().get("CY").is_none() && countries().get("cy").is_none());
}

#[test]
fn reference_data_goes_out_as_json_and_comes_back_the_same() {
    for country in countries().iter() {
        let json = serde_json::to_string(country).expect("json");
        assert_eq!(
            &serde_json::from_str::<Country>(&json).expect("a country"),
            country
        );
    }
}

#[test]
fn an_unknown_field_in_a_country_file_is_refused() {
    let text = include_str!("data/TM.toml");
    assert!(toml::from_str::<Country>(text).is_ok());
    assert!(toml::from_str::<Country>(&format!("capitol = \"?\"\n{text}")).is_err());
    assert!(toml::from_str::<Country>(&text.replace("kind = ", "sort = ")).is_err());
}
