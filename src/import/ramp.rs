//! What the RAMP formats share: names.

/// Name of RAMP's workload, a compiler course in six stages.
pub(super) const WORKLOAD: &str = "yatcc";

/// RAMP's runner feeds every stage after the second with reference artifacts (its REVIVE switches are fixed on).
pub(super) const GOLDEN_INPUTS: &str = "golden-inputs";

/// The host of a URL; text that is not a URL as it stands.
pub(super) fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or(rest).to_owned()
}
