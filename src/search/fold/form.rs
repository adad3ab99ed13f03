//! The legal forms that the words of a name speak of, and which of them may be one.

macro_rules! forms {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal,)*) => {
        /// What kind of organisation the legal-form words of a name speak of, with what it is active in where an abbreviation says so
        /// (`FC`). Two names with different ones are not the same organisation by their names alone.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Form { $($(#[doc = $doc])+ $name,)* }

        impl Form {
            /// The form of a word of the table.
            pub(super) fn of(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

forms! {
    /// Association, `dernek`, `egyesület`; of persons or of other organisations.
    Association = "association",
    /// Association for sports: `SE`, `sportegyesület`.
    SportsAssociation = "sports-association",
    /// Association of a civil guard: `polgárőr egyesület`.
    CivilGuardAssociation = "civil-guard-association",
    /// Public association: `ictimai birlik`, `қоғамдық бірлестік`, `общественное объединение`.
    PublicAssociation = "public-association",
    /// Public association of the whole country: `РОО`.
    RepublicanAssociation = "republican-association",
    /// Public association of the young: `МОО`.
    YouthAssociation = "youth-association",
    /// Foundation or fund, of a kind that is not said.
    Foundation = "foundation",
    /// Public foundation: `ОФ`, `қоғамдық қор`.
    PublicFoundation = "public-foundation",
    /// Foundation that a state or a town made: `közalapítvány`.
    MunicipalFoundation = "municipal-foundation",
    /// Corporate foundation of Kazakhstan.
    CorporateFoundation = "corporate-foundation",
    /// Private foundation of Kazakhstan.
    PrivateFoundation = "private-foundation",
    /// Charitable foundation.
    CharitableFoundation = "charitable-foundation",
    /// Charity.
    Charity = "charity",
    /// Union, of a kind that is not said: `союз`, `szövetség`.
    Union = "union",
    /// Union, alliance: `ittifaq`, `одақ`.
    Alliance = "alliance",
    /// Union, unity: `birlik`, `бірлік`.
    Unity = "unity",
    /// Trade union: `sendika`.
    TradeUnion = "trade-union",
    /// Union of legal entities: `ОЮЛ`, `заңды тұлғалар бірлестігі`.
    LegalEntitiesUnion = "legal-entities-union",
    /// Federation.
    Federation = "federation",
    /// Confederation.
    Confederation = "confederation",
    /// Society: `cəmiyyət`, `cemiyet`, `jamiyat`, `társaság`.
    Society = "society",
    /// Organisation: `təşkilat`, `gurama`, `уюм`.
    Organisation = "organisation",
    /// Movement.
    Movement = "movement",
    /// Initiative: `girişim`.
    Initiative = "initiative",
    /// Platform.
    Platform = "platform",
    /// Council.
    Council = "council",
    /// Committee.
    Committee = "committee",
    /// Chamber.
    Chamber = "chamber",
    /// Cooperative.
    Cooperative = "cooperative",
    /// Club.
    Club = "club",
    /// Football club: `FC`, `FK`, `futbol klubu`.
    FootballClub = "football-club",
    /// Sports club: `SK`, `SC`, `spor kulübü`.
    SportsClub = "sports-club",
    /// Gymnastics club: `TK`, `torna klub`.
    GymnasticsClub = "gymnastics-club",
    /// Circle of friends: `kör`.
    Circle = "circle",
    /// Centre.
    Centre = "centre",
    /// Institution of an owner that is not said: `мекеме`, `muassasa`.
    Institution = "institution",
    /// Private institution: `ЧУ`.
    PrivateInstitution = "private-institution",
    /// Institution of the state: `ГУ`.
    StateInstitution = "state-institution",
    /// Institution of the state that a town keeps: `КГУ`.
    MunicipalInstitution = "municipal-institution",
    /// Company with limited liability: `MMC`, `ТОО`, `Kft.`.
    LimitedCompany = "limited-company",
    /// The same without profit: `nonprofit Kft.`.
    NonprofitLimitedCompany = "nonprofit-limited-company",
    /// Joint-stock company: `A.Ş.`, `АО`.
    StockCompany = "stock-company",
    /// Joint-stock company whose shares everybody may buy: `ASC`, `Nyrt.`.
    OpenCompany = "open-company",
    /// Joint-stock company whose shares few may buy: `QSC`, `Zrt.`.
    ClosedCompany = "closed-company",
    /// Joint-stock company without profit: `НАО`.
    NonprofitStockCompany = "nonprofit-stock-company",
    /// Limited partnership: `Bt.`.
    LimitedPartnership = "limited-partnership",
    /// A person who trades: `ИП`.
    SoleTrader = "sole-trader",
    /// Public legal entity of Azerbaijan.
    PublicEntity = "public-entity",
    /// A word for non-profit organisations at large: `QHT`, `STK`, `NGO`.
    Nonprofit = "nonprofit",
}

impl Form {
    /// The form that it is called where its kind is not said: a public foundation is a foundation, too. A sports club is no club here:
    /// what it is active in belongs to its name.
    fn at_large(self) -> Option<Self> {
        match self {
            Self::PublicFoundation => Some(Self::Foundation),
            Self::Alliance | Self::Unity => Some(Self::Union),
            Self::PrivateInstitution | Self::StateInstitution => Some(Self::Institution),
            Self::MunicipalInstitution => Some(Self::StateInstitution),
            Self::OpenCompany | Self::ClosedCompany => Some(Self::StockCompany),
            _ => None,
        }
    }

    /// True where it is the other form, or a kind of it.
    fn is(self, other: Self) -> bool {
        self == other || self.at_large().is_some_and(|large| large.is(other))
    }
}

/// True where both names speak of the same forms: each of one is a form of the other, or one of both does not say its kind.
#[must_use]
pub fn forms_agree(a: &[Form], b: &[Form]) -> bool {
    let all_in = |own: &[Form], theirs: &[Form]| {
        own.iter()
            .all(|&x| theirs.iter().any(|&y| x.is(y) || y.is(x)))
    };
    all_in(a, b) && all_in(b, a)
}
