//! Where each activity of a window lies, every moment in one place.
//!
//! [`TimeShares`](super::TimeShares) says how long each activity took, this says when; the rule of who owns a moment
//! is the same, and the lengths agree to the microsecond.

use super::time::{Activity, Interval};

/// Disjoint stretches of a window, each list in order, without gaps or overlaps between the lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TimeSpans {
    /// Waiting for answers of the model.
    pub llm: Vec<Interval>,
    /// Tools at work while no model answered.
    pub tool: Vec<Interval>,
    /// Failed requests and retries beside neither.
    pub waiting: Vec<Interval>,
    /// Grading beside none of these.
    pub grading: Vec<Interval>,
    /// Nothing on record.
    pub idle: Vec<Interval>,
}

impl TimeSpans {
    /// Shares out a window. Intervals are clipped to it; those that end before they start hold no time.
    pub fn of(window: Interval, activity: Activity<'_>) -> Self {
        let mut taken: Vec<Interval> = Vec::new();
        let mut claim = |intervals: &[Interval]| {
            let clipped = intervals.iter().map(|i| (i.0.max(window.0), i.1.min(window.1)));
            let wanted = union(clipped.collect());
            let spans = without(&wanted, &taken);
            taken = union(taken.iter().chain(&spans).copied().collect());
            spans
        };
        Self {
            llm: claim(activity.llm),
            tool: claim(activity.tool),
            waiting: claim(activity.waiting),
            grading: claim(activity.grading.unwrap_or_default()),
            idle: without(&union(vec![window]), &taken),
        }
    }
}

/// The same time in disjoint stretches, in order.
pub fn union(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.retain(|(start, end)| start < end);
    intervals.sort_unstable();
    let mut merged: Vec<Interval> = Vec::with_capacity(intervals.len());
    for (start, end) in intervals {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

/// What is in one list of disjoint stretches and not in the other; both in order.
fn without(wanted: &[Interval], taken: &[Interval]) -> Vec<Interval> {
    let mut left = Vec::new();
    let mut first = 0;
    for &(start, end) in wanted {
        let mut from = start;
        while taken.get(first).is_some_and(|t| t.1 <= from) {
            first += 1;
        }
        for &(taken_from, taken_to) in taken[first..].iter().take_while(|t| t.0 < end) {
            if taken_from > from {
                left.push((from, taken_from));
            }
            from = from.max(taken_to);
        }
        if from < end {
            left.push((from, end));
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::super::time::{TimeShares, covered};
    use super::*;
    use proptest::prelude::*;

    /// Oracle: by hand on a line of 20 µs.
    #[test]
    fn each_moment_belongs_to_the_first_in_line() {
        let activity = Activity {
            llm: &[(-5, 4), (2, 6)],
            tool: &[(5, 9), (7, 8)],
            waiting: &[(8, 11), (18, 30)],
            grading: Some(&[(10, 14)]),
        };
        let expected = TimeSpans {
            llm: vec![(0, 6)],
            tool: vec![(6, 9)],
            waiting: vec![(9, 11), (18, 20)],
            grading: vec![(11, 14)],
            idle: vec![(14, 18)],
        };
        assert_eq!(TimeSpans::of((0, 20), activity), expected);
        assert_eq!(TimeSpans::of((20, 0), activity), TimeSpans::default());
    }

    fn intervals() -> impl Strategy<Value = Vec<Interval>> {
        prop::collection::vec((-10_i64..60, -10_i64..60), 0..8)
    }

    proptest! {
        /// Oracle: the shares, and for the places the length of the union of all lists.
        #[test]
        fn lengths_are_those_of_the_shares(llm in intervals(), tool in intervals(), waiting in intervals(), grading in intervals(), window in (0_i64..20, 0_i64..50)) {
            let activity = Activity { llm: &llm, tool: &tool, waiting: &waiting, grading: Some(&grading) };
            let (spans, shares) = (TimeSpans::of(window, activity), TimeShares::of(window, activity));
            let lists = [&spans.llm, &spans.tool, &spans.waiting, &spans.grading, &spans.idle];
            let lengths = lists.map(|list| list.iter().map(|(a, b)| b - a).sum::<i64>());
            let expected = [shares.llm_us, shares.tool_us, shares.waiting_us, shares.grading_us.unwrap(), shares.idle_us];
            prop_assert_eq!(lengths, expected);
            let mut all: Vec<Interval> = lists.into_iter().flatten().copied().collect();
            prop_assert_eq!(covered(&mut all), shares.wall_us);
            // A moment of the window belongs to the first list that has it.
            for moment in window.0..window.1 {
                let holds = |list: &[Interval]| list.iter().any(|&(a, b)| a <= moment && moment < b);
                let owner = [&llm, &tool, &waiting, &grading].iter().position(|l| holds(l)).unwrap_or(4);
                prop_assert!(holds(lists[owner]));
            }
        }
    }
}
