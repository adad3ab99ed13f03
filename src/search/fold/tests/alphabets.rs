//! Every letter of the official alphabets (and of the drafts that names are found in) with its plain key.

use crate::search::fold::plain;

/// Language and script, then `letter=key` for each letter; a letter alone is its own key.
const ALPHABETS: &[(&str, &str)] = &[
    (
        "Azerbaijani",
        "a b c ç=ch d e ə=a f g ğ=g h x ı=i i j k q l m n o ö=o p r s ş=sh t u ü=u v y z",
    ),
    (
        "Azerbaijani Cyrillic",
        "а=a б=b в=v г=g ғ=g д=d е=e ә=a ж=j з=z и=i ы=y ј=y к=k ҝ=g л=l м=m н=n о=o ө=o п=p р=r с=s т=t \
         у=u ү=u ф=f х=h һ=h ч=ch ҹ=j ш=sh",
    ),
    (
        "Turkish",
        "a b c ç=ch d e f g ğ=g h ı=i i j k l m n o ö=o p r s ş=sh t u ü=u v y z â=a î=i û=u",
    ),
    (
        "Uzbek",
        "a b d e f g h i j k l m n o p q r s t u v x y z oʻz=oz gʻ=g sh ch ng ʼ=",
    ),
    (
        "Uzbek Cyrillic",
        "а=a б=b в=v г=g д=d е=e ё=yo ж=j з=z и=i й=y к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=h \
         ц=ts ч=ch ш=sh ъ= ь= э=e ю=yu я=ya ў=o қ=k ғ=g ҳ=h",
    ),
    ("Uzbek drafts of 2019 and 2021", "ö=o ŏ=o ğ=g ş=sh ç=ch"),
    (
        "Kazakh Cyrillic",
        "а=a ә=a б=b в=v г=g ғ=g д=d е=e ё=yo ж=j з=z и=i й=y к=k қ=k л=l м=m н=n ң=n о=o ө=o п=p р=r \
         с=s т=t у=u ұ=u ү=u ф=f х=h һ=h ц=ts ч=ch ш=sh щ=sh ъ= ы=y і=i ь= э=e ю=yu я=ya",
    ),
    (
        "Kazakh draft of 2021",
        "a ä=a b d e f g ğ=g h i ı=i j k q l m n ñ=n o ö=o p r s ş=sh t u ū=u ü=u v y z",
    ),
    (
        "Kazakh draft of 2018",
        "a á=a b d e f g ǵ=g h i ı=i j k l m n ń=n o ó=o p q r s t u ú=u v y ý=y z sh ch",
    ),
    (
        "Kazakh draft of 2017",
        "a a'=a b d e f g g'=g h i i'=i j k l m n n'=n o o'=o p q r s s'=s c'=c t u u'=u v y y'=y z \
         a'n=an g'n=gn i'n=in n'n=nn o'n=on s'n=sn c'n=cn u'n=un y'n=yn",
    ),
    (
        "Kyrgyz",
        "а=a б=b в=v г=g д=d е=e ё=yo ж=j з=z и=i й=y к=k л=l м=m н=n ң=n о=o ө=o п=p р=r с=s т=t у=u \
         ү=u ф=f х=h ц=ts ч=ch ш=sh щ=sh ъ= ы=y ь= э=e ю=yu я=ya",
    ),
    (
        "Turkmen",
        "a b ç=ch d e ä=a f g h i j ž=j k l m n ň=n o ö=o p r s ş=sh t u ü=u w y ý=y z",
    ),
    ("Turkmen Cyrillic", "җ=j ң=n ө=o ү=u ә=a"),
    (
        "Hungarian",
        "a á=a b c cs d dz dzs e é=e f g gy h i í=i j k l ly m n ny o ó=o ö=o ő=o p q r s sz t ty u ú=u \
         ü=u ű=u v w x y z zs",
    ),
    (
        "Russian",
        "а=a б=b в=v г=g д=d е=e ё=yo ж=j з=z и=i й=y к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=h \
         ц=ts ч=ch ш=sh щ=sh ъ= ы=y ь= э=e ю=yu я=ya",
    ),
    (
        "Common Turkic Alphabet",
        "a b c ç=ch d e ə=a f g ğ=g h x ı=i i j k q l m n ñ=n o ö=o p r s ş=sh t u ü=u ū=u v y z",
    ),
];

fn vectors() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    ALPHABETS.iter().flat_map(|&(language, letters)| {
        letters.split_whitespace().map(move |entry| {
            let (letter, key) = entry.split_once('=').unwrap_or((entry, entry));
            (language, letter, key)
        })
    })
}

#[test]
fn each_letter_of_each_alphabet_has_its_plain_key() {
    for (language, letter, key) in vectors() {
        assert_eq!(plain(letter), key, "{language}: {letter}");
    }
}

#[test]
fn each_letter_has_the_same_key_in_upper_case_by_turkish_and_by_default_rules() {
    for (language, letter, key) in vectors() {
        assert_eq!(plain(&letter.to_uppercase()), key, "{language}: {letter}");
        let turkish: String = letter
            .chars()
            .map(|c| if c == 'i' { 'İ' } else { c })
            .collect();
        assert_eq!(plain(&turkish.to_uppercase()), key, "{language}: {letter}");
    }
}

#[test]
fn each_letter_has_the_same_key_when_it_is_taken_apart_into_letter_and_mark() {
    use unicode_normalization::UnicodeNormalization as _;
    for (language, letter, key) in vectors() {
        assert_eq!(
            plain(&letter.nfd().collect::<String>()),
            key,
            "{language}: {letter}"
        );
    }
}

#[test]
fn the_alphabets_are_complete() {
    let size = |name: &str| {
        let letters = ALPHABETS.iter().find(|(language, _)| *language == name);
        letters.map_or(0, |(_, letters)| letters.split_whitespace().count())
    };
    assert_eq!(size("Azerbaijani"), 32);
    assert_eq!(size("Azerbaijani Cyrillic"), 32);
    // 29 letters and three vowels with a circumflex
    assert_eq!(size("Turkish"), 32);
    // 29 letters and the tutuq belgisi
    assert_eq!(size("Uzbek"), 30);
    assert_eq!(size("Uzbek Cyrillic"), 35);
    assert_eq!(size("Kazakh Cyrillic"), 42);
    assert_eq!(size("Kazakh draft of 2021"), 31);
    assert_eq!(size("Kyrgyz"), 36);
    assert_eq!(size("Turkmen"), 30);
    assert_eq!(size("Hungarian"), 44);
    assert_eq!(size("Russian"), 33);
    assert_eq!(size("Common Turkic Alphabet"), 34);
}
