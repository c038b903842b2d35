//! The variables of the test run itself.

/// The value of a variable of the test process, when it is set.
#[expect(
    clippy::disallowed_methods,
    reason = "the settings of a test run come from its environment"
)]
pub(crate) fn get(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A number from a variable of the test process, or `default`.
pub(crate) fn number(name: &str, default: usize) -> usize {
    get(name).map_or(default, |text| {
        text.parse().expect("the variable holds a number")
    })
}
