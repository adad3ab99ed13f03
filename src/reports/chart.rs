//! Charts: what a page draws of the figures that stand in its tables too. Pure.

/// A series of a chart; its tone is one of the page's colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Series {
    /// What the legend calls it.
    pub label: &'static str,
    /// The colour.
    pub tone: Tone,
}

/// The colours of a page: few, told apart also without colour vision and in print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The main one.
    Blue,
    /// A lighter one of the same kind.
    Sky,
    /// What grows or is well.
    Green,
    /// What waits.
    Sand,
    /// What goes or fails.
    Red,
    /// What is set aside.
    Grey,
}

impl Tone {
    /// The colour in hexadecimal.
    #[must_use]
    pub const fn hex(self) -> &'static str {
        match self {
            Self::Blue => "#1f5c8b",
            Self::Sky => "#7fb2d6",
            Self::Green => "#3d8168",
            Self::Sand => "#d9a441",
            Self::Red => "#b5493b",
            Self::Grey => "#9aa0a8",
        }
    }
}

/// How a chart is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Bars that lie, one a label; the series are stacked.
    Bars,
    /// Bars that lie, to the right what comes and to the left what goes (negative numbers).
    Flows,
    /// Areas on each other over time, one point a label.
    Areas,
}

/// A drawing of figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// The title.
    pub title: String,
    /// How it is drawn.
    pub form: Form,
    /// The series.
    pub series: Vec<Series>,
    /// Labels, each with a number for every series.
    pub points: Vec<(String, Vec<i64>)>,
    /// What stands behind each number: nothing, or `%` where the numbers are thousandths.
    pub share: bool,
}

/// The series of the states of members.
pub const STATES: [Series; 3] = [
    Series {
        label: "active",
        tone: Tone::Blue,
    },
    Series {
        label: "in grace",
        tone: Tone::Sand,
    },
    Series {
        label: "suspended",
        tone: Tone::Grey,
    },
];
