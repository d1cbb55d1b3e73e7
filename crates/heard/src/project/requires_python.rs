//! The oldest Python that a project's `requires-python` allows.

/// The first minor version that is looked at: older ones are not analysed as such.
const OLDEST: u32 = 8;
/// No Python will ever be asked for beyond it.
const NEWEST: u32 = 99;

/// The lowest `(3, minor)` that the specifiers allow.
///
/// `Ok(None)` where they set no lower bound: then any would be a guess.
pub(super) fn lowest(text: &str) -> Result<Option<(u8, u8)>, SpecifierError> {
    let specifiers = text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Specifier::parse).collect::<Result<Vec<_>, _>>()?;
    if !specifiers.iter().any(Specifier::bounds_below) {
        return Ok(None);
    }
    (OLDEST..=NEWEST)
        .find(|&minor| specifiers.iter().all(|specifier| specifier.allows(minor)))
        .and_then(|minor| u8::try_from(minor).ok())
        .map(|minor| Some((3, minor)))
        .ok_or_else(|| SpecifierError::Nothing(text.to_owned()))
}

/// Why a `requires-python` names no version.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum SpecifierError {
    /// It is not written as PEP 440 asks.
    #[error("`{0}` is no version specifier: write for example \">=3.10\"")]
    Malformed(String),
    /// It excludes every version that heard knows.
    #[error("`{0}` allows no Python from 3.{OLDEST} on")]
    Nothing(String),
}

/// One clause, such as `>=3.9`.
#[derive(Debug)]
struct Specifier {
    operator: Operator,
    /// The release's numbers, without zeros that were not written.
    release: Vec<u32>,
    /// Whether it ends with `.*`.
    prefix: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    AtLeast,
    Above,
    AtMost,
    Below,
    Equal,
    NotEqual,
    Compatible,
}

impl Specifier {
    fn parse(text: &str) -> Result<Self, SpecifierError> {
        let malformed = || SpecifierError::Malformed(text.to_owned());
        let operators = [
            ("===", Operator::Equal),
            ("==", Operator::Equal),
            (">=", Operator::AtLeast),
            ("<=", Operator::AtMost),
            ("~=", Operator::Compatible),
            ("!=", Operator::NotEqual),
            (">", Operator::Above),
            ("<", Operator::Below),
        ];
        let (operator, version) =
            operators.into_iter().find_map(|(sign, operator)| Some((operator, text.strip_prefix(sign)?.trim()))).ok_or_else(malformed)?;
        let (version, prefix) = version.strip_suffix(".*").map_or((version, false), |version| (version, true));
        if prefix && !matches!(operator, Operator::Equal | Operator::NotEqual) {
            return Err(malformed());
        }
        // A pre-release, such as 3.13.0rc1, is as good as its release here.
        let version = version.strip_prefix('v').unwrap_or(version);
        let end = version.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(version.len());
        let (numbers, tail) = version.split_at(end);
        if !tail.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_' | '+')) {
            return Err(malformed());
        }
        let numbers = if tail.is_empty() { numbers } else { numbers.trim_end_matches('.') };
        let release = numbers.split('.').map(|number| number.parse().map_err(|_| malformed())).collect::<Result<Vec<u32>, _>>()?;
        if operator == Operator::Compatible && release.len() < 2 {
            return Err(malformed());
        }
        Ok(Specifier { operator, release, prefix })
    }

    fn bounds_below(&self) -> bool {
        !matches!(self.operator, Operator::AtMost | Operator::Below | Operator::NotEqual)
    }

    /// Whether some patch release of `3.minor` is allowed.
    fn allows(&self, minor: u32) -> bool {
        let python = (3, minor);
        let bound = (self.release[0], self.release.get(1).copied().unwrap_or(0));
        let patch = self.release.get(2).copied().unwrap_or(0);
        let series = |length: usize| self.release.iter().take(length).eq([3, minor].iter().take(length.min(self.release.len())));
        match self.operator {
            Operator::AtLeast | Operator::Above => python >= bound,
            Operator::AtMost => python <= bound,
            Operator::Below => python < bound || (python == bound && patch > 0),
            Operator::Equal if self.prefix => series(2),
            Operator::Equal => python == bound,
            Operator::NotEqual => !(self.prefix && self.release.len() < 3 && series(2)),
            Operator::Compatible => python >= bound && series(self.release.len() - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::lowest;

    #[test]
    fn the_lowest_allowed_version() {
        for (text, minor) in [
            (">=3.9", 9),
            (">=3.9,<4", 9),
            (" >= 3.10.2 , < 3.13", 10),
            ("~=3.10", 10),
            ("~=3.10.4", 10),
            ("==3.11.*", 11),
            ("==3.12", 12),
            ("===3.12.1", 12),
            (">3.8", 8),
            (">3.9.1", 9),
            (">=3.9,!=3.9.*,!=3.10.*", 11),
            (">=3.9,!=3.9.1", 9),
            (">=3.13.0rc1", 13),
            (">=3.13.dev0", 13),
            (">=2.7,!=3.0.*,!=3.1.*", 8),
            (">=3", 8),
            ("==3.*", 8),
            (">=3.11,<3.11.5", 11),
        ] {
            assert_eq!(lowest(text), Ok(Some((3, minor))), "{text}");
        }
    }

    #[test]
    fn no_lower_bound_is_no_version() {
        for text in ["", "<4", "!=3.9.*", "<=3.12,"] {
            assert_eq!(lowest(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn nonsense_is_an_error() {
        for text in
            ["3.9", "^3.9", ">=three", ">=", "~=3", ">=3.9.*", ">=3..9", ">=3.9 <4", "==2.7.*", "<3.11,>=3.12", ">=99999999999999999999"]
        {
            assert!(lowest(text).is_err(), "{text}");
        }
    }
}
