//! The words of made-up names.

/// The words that a country's sample names are made of: each pattern says "sample" in the country's language.
pub(super) struct Words {
    pub(super) language: &'static str,
    pub(super) form: &'static str,
    pub(super) pattern: &'static str,
    pub(super) towns: &'static [&'static str],
    pub(super) themes: &'static [(&'static str, &'static str, &'static str)],
}

pub(super) fn words(country: &str) -> Words {
    match country {
        "AZ" => Words {
            language: "az-Latn",
            form: "AZ-IB",
            pattern: "“{town} Nümunə {theme}” İctimai Birliyi",
            towns: &["Bakı", "Gəncə", "Şəki", "Lənkəran"],
            themes: AZ,
        },
        "KZ" => Words {
            language: "kk-Cyrl",
            form: "KZ-QB",
            pattern: "«{town} үлгі {theme}» қоғамдық бірлестігі",
            towns: &["Астана", "Алматы", "Шымкент", "Ақтөбе"],
            themes: KZ,
        },
        "KG" => Words {
            language: "ky-Cyrl",
            form: "KG-KB",
            pattern: "«{town} үлгү {theme}» коомдук бирикмеси",
            towns: &["Бишкек", "Ош", "Нарын", "Талас"],
            themes: KG,
        },
        "TR" => Words {
            language: "tr",
            form: "TR-DERNEK",
            pattern: "{town} Örnek {theme} Derneği",
            towns: &["Ankara", "İstanbul", "Iğdır", "Isparta"],
            themes: TR,
        },
        "UZ" => Words {
            language: "uz-Latn",
            form: "UZ-JB",
            pattern: "“{town} namuna {theme}” jamoat birlashmasi",
            towns: &["Toshkent", "Samarqand", "Buxoro", "Fargʻona"],
            themes: UZ,
        },
        "HU" => Words {
            language: "hu",
            form: "HU-EGYESULET",
            pattern: "{town}i Minta {theme} Egyesület",
            towns: &["Szeged", "Pécs", "Győr", "Debrecen"],
            themes: HU,
        },
        "TM" => Words {
            language: "tk-Latn",
            form: "TM-JB",
            pattern: "“{town} nusga {theme}” jemgyýetçilik birleşigi",
            towns: &["Aşgabat", "Mary", "Balkanabat", "Daşoguz"],
            themes: TM,
        },
        _ => Words {
            language: "tr",
            form: "TRNC-DERNEK",
            pattern: "{town} Örnek {theme} Derneği",
            towns: &["Lefkoşa", "Girne", "Gazimağusa", "Güzelyurt"],
            themes: TR,
        },
    }
}

type Themes = &'static [(&'static str, &'static str, &'static str)];

const AZ: Themes = &[
    ("Arıçılar", "Beekeepers", "F10"),
    ("Bağbanlar", "Gardeners", "E10"),
    ("Kitabxanaçılar", "Librarians", "B10"),
    ("Şahmatçılar", "Chess Players", "A20"),
    ("Könüllülər", "Volunteers", "H20"),
    ("Çay sevənlər", "Tea Friends", "A10"),
    ("Xalçaçılar", "Carpet Weavers", "J10"),
    ("Qonşular", "Neighbours", "F20"),
    ("Gənc ifaçılar", "Young Musicians", "A11"),
    ("Dağ cığırları", "Mountain Paths", "E20"),
];
const KZ: Themes = &[
    ("араөсірушілер", "Beekeepers", "F10"),
    ("бағбандар", "Gardeners", "E10"),
    ("кітапханашылар", "Librarians", "B10"),
    ("шахматшылар", "Chess Players", "A20"),
    ("еріктілер", "Volunteers", "H20"),
    ("атбегілер", "Horse Keepers", "A21"),
    ("қолөнершілер", "Craftspeople", "J10"),
    ("көршілер", "Neighbours", "F20"),
    ("жас күйшілер", "Young Musicians", "A11"),
    ("дала соқпақтары", "Steppe Paths", "E20"),
];
const KG: Themes = &[
    ("аарычылар", "Beekeepers", "F10"),
    ("багбандар", "Gardeners", "E10"),
    ("китепканачылар", "Librarians", "B10"),
    ("шахматчылар", "Chess Players", "A20"),
    ("ыктыярчылар", "Volunteers", "H20"),
    ("жылкычылар", "Horse Keepers", "A21"),
    ("кол өнөрчүлөр", "Craftspeople", "J10"),
    ("коңшулар", "Neighbours", "F20"),
    ("жаш комузчулар", "Young Musicians", "A11"),
    ("тоо жолдору", "Mountain Paths", "E20"),
];
const TR: Themes = &[
    ("Arıcılar", "Beekeepers", "F10"),
    ("Bahçıvanlar", "Gardeners", "E10"),
    ("Kütüphaneciler", "Librarians", "B10"),
    ("Satranççılar", "Chess Players", "A20"),
    ("Gönüllüler", "Volunteers", "H20"),
    ("Çay Dostları", "Tea Friends", "A10"),
    ("Halı Dokuyanlar", "Carpet Weavers", "J10"),
    ("Komşular", "Neighbours", "F20"),
    ("Genç Müzisyenler", "Young Musicians", "A11"),
    ("Dağ Yolları", "Mountain Paths", "E20"),
];
const UZ: Themes = &[
    ("asalarichilar", "Beekeepers", "F10"),
    ("bogʻbonlar", "Gardeners", "E10"),
    ("kutubxonachilar", "Librarians", "B10"),
    ("shaxmatchilar", "Chess Players", "A20"),
    ("koʻngillilar", "Volunteers", "H20"),
    ("choy doʻstlari", "Tea Friends", "A10"),
    ("hunarmandlar", "Craftspeople", "J10"),
    ("qoʻshnilar", "Neighbours", "F20"),
    ("yosh sozandalar", "Young Musicians", "A11"),
    ("togʻ yoʻllari", "Mountain Paths", "E20"),
];
const HU: Themes = &[
    ("Méhész", "Beekeepers", "F10"),
    ("Kertbarát", "Gardeners", "E10"),
    ("Könyvtáros", "Librarians", "B10"),
    ("Sakkozó", "Chess Players", "A20"),
    ("Önkéntes", "Volunteers", "H20"),
    ("Teabarát", "Tea Friends", "A10"),
    ("Kézműves", "Craftspeople", "J10"),
    ("Szomszédsági", "Neighbours", "F20"),
    ("Ifjú Zenész", "Young Musicians", "A11"),
    ("Turista", "Mountain Paths", "E20"),
];
const TM: Themes = &[
    ("balarçylar", "Beekeepers", "F10"),
    ("bagbanlar", "Gardeners", "E10"),
    ("kitaphanaçylar", "Librarians", "B10"),
    ("küştçüler", "Chess Players", "A20"),
    ("meýletinçiler", "Volunteers", "H20"),
    ("çaý dostlary", "Tea Friends", "A10"),
    ("halyçylar", "Carpet Weavers", "J10"),
    ("goňşular", "Neighbours", "F20"),
    ("ýaş sazandalar", "Young Musicians", "A11"),
    ("dag ýollary", "Mountain Paths", "E20"),
];
