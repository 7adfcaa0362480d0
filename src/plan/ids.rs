//! Addresses inside a plan.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u32);

        impl $name {
            pub(crate) fn new(index: usize) -> $name {
                $name(u32::try_from(index).expect("a definition of at most 1 MiB has fewer than 2^32 parts"))
            }

            /// The place in the plan's table.
            #[inline]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id! {
    /// A state of a plan.
    StateId
}
id! {
    /// The machine itself, a branch of a Parallel or the item processor of a Map.
    ScopeId
}
id! {
    /// What a Task calls.
    ResourceId
}

impl ScopeId {
    /// The scope of the machine itself.
    pub const TOP: ScopeId = ScopeId(0);
}
