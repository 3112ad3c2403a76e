//! Closed vocabularies: words that stand for themselves in JSON, TypeScript, configuration files
//! and on the command line.

/// Declares enums whose variants have one name each, which is the same wherever it is written.
///
/// Each gets `ALL`, `name`, `from_name` and `Display`, and is serialised by name. With the features
/// `typescript` and `schema` it is also a TypeScript union and an enumeration in the JSON Schema.
macro_rules! vocabulary {
    ($(
        $(#[$about:meta])*
        pub enum $vocabulary:ident {
            $($(#[$note:meta])* $variant:ident = $name:literal,)+
        }
    )+) => { $(
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        $(#[$about])*
        pub enum $vocabulary {
            $($(#[$note])* #[serde(rename = $name)] $variant,)+
        }

        impl $vocabulary {
            /// Every variant, in the order of declaration.
            pub const ALL: [$vocabulary; [$($name),+].len()] = [$($vocabulary::$variant),+];

            pub fn name(self) -> &'static str {
                match self {
                    $($vocabulary::$variant => $name,)+
                }
            }

            pub fn from_name(name: &str) -> Option<$vocabulary> {
                match name {
                    $($name => Some($vocabulary::$variant),)+
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $vocabulary {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }
    )+ };
}
pub(crate) use vocabulary;

#[cfg(test)]
mod tests {
    use crate::report::{Answer, Severity, Worth};

    #[test]
    fn a_variant_has_the_same_name_everywhere() {
        for worth in Worth::ALL {
            assert_eq!(Worth::from_name(worth.name()), Some(worth));
            let json = serde_json::to_string(&worth).expect("a name is JSON");
            assert_eq!(json, format!("\"{worth}\""));
        }
        assert_eq!(Worth::NotYet.name(), "not yet");
        assert_eq!(Answer::from_name("perhaps"), None);
    }

    #[test]
    fn variants_are_ordered_as_declared() {
        assert_eq!(Severity::ALL.map(Severity::name), ["error", "warning", "info", "hint"]);
        assert!(Severity::ALL.is_sorted());
    }
}
