//! What must hold within a failure map for its picture to be true.

use crate::analysis::{FailureMap, FailureMapCell, FailureMapRow, Outcome};

use super::error::{FigureError, require_finite};
use super::number::real;
use super::ranked::{require_between, require_length};

/// Refuses a map in which scores, outcomes, depths and causes contradict each other.
pub(super) fn check(data: &FailureMap) -> Result<(), FigureError> {
    require_finite("gate", &data.workload, data.gate)?;
    for row in &data.rows {
        require_length("number of stages", &row.label, row.cells.len(), data.stages.len())?;
        let leading = |is_deep: fn(f64, &FailureMapCell) -> bool| {
            real(row.cells.iter().take_while(|cell| is_deep(data.gate, cell)).count())
        };
        // A stage that was not attempted may have a score that reaches the gate.
        let least = leading(|_, cell| cell.outcome == Outcome::Passed);
        let most = leading(|gate, cell| cell.score.is_some_and(|value| value >= gate));
        require_between("depth", &row.label, real(row.depth), least, most)?;
        for cell in &row.cells {
            check_cell(data, row, cell)?;
        }
    }
    let mut before = usize::MAX;
    for (index, one) in data.causes.iter().enumerate() {
        let cells = || data.rows.iter().flat_map(|row| &row.cells);
        let has_it = |cell: &&FailureMapCell| cell.cause.as_ref() == Some(&one.cause);
        let all = cells().filter(has_it).count();
        let failed = cells().filter(has_it).filter(|c| c.outcome == Outcome::Failed).count();
        let is_new = data.causes[..index].iter().all(|other| other.cause != one.cause);
        if !is_new || one.stages > before || !(failed..=all).contains(&one.stages) {
            let (label, value) = (one.cause.clone(), real(one.stages));
            return Err(FigureError::Value { what: "number of stages by cause", label, value });
        }
        before = one.stages;
    }
    Ok(())
}

fn check_cell(
    data: &FailureMap,
    row: &FailureMapRow,
    cell: &FailureMapCell,
) -> Result<(), FigureError> {
    if let Some(value) = cell.score {
        require_finite("score", &row.label, value)?;
    }
    let fits = match cell.outcome {
        Outcome::Passed => cell.score.is_some_and(|value| value >= data.gate),
        Outcome::Failed => cell.score.is_some_and(|value| value < data.gate),
        Outcome::Unscored => cell.score.is_none(),
        Outcome::NoTests | Outcome::Infra => cell.score.is_none_or(|value| value < data.gate),
        Outcome::NotAttempted => true,
    };
    if !fits {
        let (label, value) = (row.label.clone(), cell.score.unwrap_or(f64::NAN));
        return Err(FigureError::Value { what: "score for its outcome", label, value });
    }
    let is_listed = |cause: &String| data.causes.iter().any(|one| one.cause == *cause);
    match &cell.cause {
        Some(cause) if !is_listed(cause) => Err(FigureError::Value {
            what: "number of stages by cause",
            label: cause.clone(),
            value: 0.0,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture_failures;
    use super::*;

    #[test]
    fn what_contradicts_itself_is_refused() {
        let changes: [fn(&mut FailureMap); 9] = [
            |data| data.gate = f64::NAN,
            |data| data.rows[0].cells[0].score = Some(f64::INFINITY),
            |data| data.rows[0].cells[0].score = Some(data.gate - 1.0),
            |data| data.rows[0].cells[0].score = None,
            |data| data.rows[0].depth += 1,
            |data| drop(data.rows[0].cells.pop()),
            |data| drop(data.causes.pop()),
            |data| data.causes.reverse(),
            |data| data.causes[0].stages += 9,
        ];
        for change in changes {
            let mut data = fixture_failures::map(15, 6);
            change(&mut data);
            assert!(matches!(check(&data), Err(FigureError::Value { .. })));
        }
    }
}
