//! Names of enum values, as the database and the REST API write them: lower case with underscores.

/// An enum whose values have names.
pub trait Names: Sized + Copy + 'static {
    /// Every value, in the order of its definition.
    const ALL: &'static [Self];

    /// The name: lower case with underscores.
    fn name(self) -> &'static str;

    /// The value with this name.
    #[must_use]
    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.name() == name)
    }
}

/// Defines an enum and its [`Names`] in one go, so that neither list can miss a value of the other.
macro_rules! named_enum {
    ($(#[$doc:meta])* pub enum $type:ident { $($(#[$value_doc:meta])* $value:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type { $($(#[$value_doc])* $value,)* }

        impl $crate::domain::Names for $type {
            const ALL: &'static [Self] = &[$(Self::$value),*];

            fn name(self) -> &'static str {
                match self { $(Self::$value => $name,)* }
            }
        }
    };
}
pub(crate) use named_enum;
