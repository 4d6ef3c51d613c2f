//! Events and run facts as JSON objects, exactly: what a recorder's journal is made of.
//!
//! Names, types and word lists are those of [`COLUMNS`], and a null is left out. What a JSON number would round is
//! text: doubles in their shortest decimal form (`0.1`, `NaN`, `inf`), money as a decimal; times are microseconds. A
//! column that this release does not know is refused, never passed over: whoever reads checks the version first.

use super::schema::Cell;
use super::{COLUMNS, Column, ColumnGroup, ColumnType, Event, Kind, RunFacts, Timestamp, Usd};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which columns an object has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Run,
    Event,
}

impl Side {
    fn has(self, column: &Column) -> bool {
        (column.group == ColumnGroup::Run) == (self == Self::Run)
    }

    fn write<S: Serializer>(
        self,
        run: &RunFacts,
        event: &Event,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for column in COLUMNS.iter().filter(|c| self.has(c)) {
            match (column.get)(run, event) {
                Cell::Null => {}
                Cell::Text(text) => map.serialize_entry(column.name, text)?,
                Cell::Int(int) => map.serialize_entry(column.name, &int)?,
                Cell::Float(float) => {
                    map.serialize_entry(column.name, &format_args!("{float:?}"))?;
                }
                Cell::Bool(flag) => map.serialize_entry(column.name, &flag)?,
                Cell::Money(amount) => {
                    map.serialize_entry(column.name, &format_args!("{amount}"))?;
                }
                Cell::Time(time) => map.serialize_entry(column.name, &time.micros())?,
            }
        }
        map.end()
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Side::Event.write(&RunFacts::default(), self, serializer)
    }
}

impl Serialize for RunFacts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Side::Run.write(self, &Event::new(Kind::Error), serializer)
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Row(Side::Event)).map(|(_, event)| event)
    }
}

impl<'de> Deserialize<'de> for RunFacts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Row(Side::Run)).map(|(run, _)| run)
    }
}

/// Reads an object of one side.
struct Row(Side);

impl<'de> Visitor<'de> for Row {
    type Value = (RunFacts, Event);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of trace columns")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut run = RunFacts::default();
        let mut event = Event::new(Kind::Error);
        let mut seen = [false; COLUMNS.len()];
        while let Some(index) = map.next_key_seed(Name(self.0))? {
            let column = &COLUMNS[index];
            if std::mem::replace(&mut seen[index], true) {
                return Err(A::Error::duplicate_field(column.name));
            }
            map.next_value_seed(Value { column, run: &mut run, event: &mut event })?;
        }
        let missing =
            |(column, seen): &(&Column, bool)| self.0.has(column) && !column.nullable && !*seen;
        match COLUMNS.iter().zip(seen).find(missing) {
            Some((column, _)) => Err(A::Error::missing_field(column.name)),
            None => Ok((run, event)),
        }
    }
}

/// The name of a column of one side, as its place in [`COLUMNS`].
struct Name(Side);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a column")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<usize, E> {
        COLUMNS
            .iter()
            .position(|c| c.name == name && self.0.has(c))
            .ok_or_else(|| E::custom(format_args!("no column is called `{name}`")))
    }
}

/// The value of a column, put into its row.
struct Value<'a> {
    column: &'static Column,
    run: &'a mut RunFacts,
    event: &'a mut Event,
}

impl Value<'_> {
    fn set<E: serde::de::Error>(self, cell: Option<Cell<'_>>) -> Result<(), E> {
        let column = self.column;
        match cell {
            Some(cell) if (column.set)(self.run, self.event, cell) => Ok(()),
            _ => Err(E::custom(format_args!("not a value of column `{}`", column.name))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in column `{}`", self.column.ty.name(), self.column.name)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        let cell = match self.column.ty {
            ColumnType::Text => Some(Cell::Text(text)),
            ColumnType::Float => text.parse().ok().map(Cell::Float),
            ColumnType::Money => Usd::parse(text).map(Cell::Money),
            ColumnType::Int | ColumnType::Bool | ColumnType::Time => None,
        };
        self.set(cell)
    }

    fn visit_i64<E: serde::de::Error>(self, int: i64) -> Result<(), E> {
        let cell = match self.column.ty {
            ColumnType::Int => Some(Cell::Int(int)),
            ColumnType::Time => Some(Cell::Time(Timestamp::from_micros(int))),
            _ => None,
        };
        self.set(cell)
    }

    fn visit_u64<E: serde::de::Error>(self, int: u64) -> Result<(), E> {
        match i64::try_from(int) {
            Ok(int) => self.visit_i64(int),
            Err(_) => self.set(None),
        }
    }

    fn visit_bool<E: serde::de::Error>(self, flag: bool) -> Result<(), E> {
        let cell = (self.column.ty == ColumnType::Bool).then_some(Cell::Bool(flag));
        self.set(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Any value of a column, as its type and word list allow.
    #[derive(Debug, Clone)]
    enum Any {
        Null,
        Text(String),
        Int(i64),
        Float(f64),
        Bool(bool),
        Money(Usd),
        Time(Timestamp),
    }

    impl Any {
        fn cell(&self) -> Cell<'_> {
            match self {
                Self::Null => Cell::Null,
                Self::Text(text) => Cell::Text(text),
                Self::Int(int) => Cell::Int(*int),
                Self::Float(float) => Cell::Float(*float),
                Self::Bool(flag) => Cell::Bool(*flag),
                Self::Money(amount) => Cell::Money(*amount),
                Self::Time(time) => Cell::Time(*time),
            }
        }
    }

    fn any_value(column: &Column) -> BoxedStrategy<Any> {
        let words: Vec<String> = column.words.iter().map(|(w, _)| (*w).to_owned()).collect();
        let value = match column.ty {
            ColumnType::Text if !words.is_empty() => {
                proptest::sample::select(words).prop_map(Any::Text).boxed()
            }
            ColumnType::Text => any::<String>().prop_map(Any::Text).boxed(),
            ColumnType::Int => any::<i64>().prop_map(Any::Int).boxed(),
            ColumnType::Float => any::<u64>().prop_map(|b| Any::Float(f64::from_bits(b))).boxed(),
            ColumnType::Bool => any::<bool>().prop_map(Any::Bool).boxed(),
            ColumnType::Money => (-999_999_999_999_999_999_i128..=999_999_999_999_999_999)
                .prop_map(|nanos| Any::Money(Usd::from_nanos(nanos).unwrap()))
                .boxed(),
            ColumnType::Time => {
                any::<i64>().prop_map(|us| Any::Time(Timestamp::from_micros(us))).boxed()
            }
        };
        if column.nullable { prop_oneof![1 => Just(Any::Null), 3 => value].boxed() } else { value }
    }

    fn any_row() -> impl Strategy<Value = (RunFacts, Event)> {
        COLUMNS.iter().map(any_value).collect::<Vec<_>>().prop_map(|values| {
            let (mut run, mut event) = (RunFacts::default(), Event::new(Kind::Error));
            for (column, value) in COLUMNS.iter().zip(&values) {
                assert!((column.set)(&mut run, &mut event, value.cell()), "{column:?} {value:?}");
            }
            (run, event)
        })
    }

    /// Equal to the bit; a NaN is a NaN.
    fn same(a: Cell<'_>, b: Cell<'_>) -> bool {
        match (a, b) {
            (Cell::Float(a), Cell::Float(b)) => {
                a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
            }
            (a, b) => a == b,
        }
    }

    proptest! {
        #[test]
        fn every_column_comes_back_exactly((run, event) in any_row()) {
            let run_line = serde_json::to_string(&run).unwrap();
            let line = serde_json::to_string(&event).unwrap();
            prop_assert!(!line.contains('\n'), "a line is a line");
            let run_back: RunFacts = serde_json::from_str(&run_line).unwrap();
            let back: Event = serde_json::from_str(&line).unwrap();
            for column in COLUMNS {
                let (before, after) = ((column.get)(&run, &event), (column.get)(&run_back, &back));
                prop_assert!(same(before, after), "{:?}: {:?} {:?}", column, before, after);
            }
        }
    }

    fn problem(line: &str) -> String {
        serde_json::from_str::<Event>(line).unwrap_err().to_string()
    }

    #[test]
    fn a_line_is_short_and_plain() {
        let mut event = Event::new(Kind::LlmCall);
        event.ts = Some(Timestamp::from_micros(5));
        event.cost_usd = Usd::parse("0.1");
        event.duration_ms = Some(1e300);
        assert_eq!(
            serde_json::to_string(&event).unwrap(),
            r#"{"seq":0,"ts":5,"duration_ms":"1e300","kind":"llm_call","cost_usd":"0.1"}"#
        );
    }

    #[test]
    fn what_does_not_fit_a_column_is_refused() {
        assert!(problem(r#"{"seq":0,"kind":"error","colour":"red"}"#).contains("`colour`"));
        assert!(problem(r#"{"seq":0,"kind":"error","run_id":"r"}"#).contains("`run_id`"));
        assert!(problem(r#"{"seq":0,"kind":"sneeze"}"#).contains("column `kind`"));
        assert!(problem(r#"{"seq":0}"#).contains("missing field `kind`"));
        assert!(problem(r#"{"seq":0,"seq":1,"kind":"error"}"#).contains("duplicate field `seq`"));
        assert!(problem(r#"{"seq":"0","kind":"error"}"#).contains("column `seq`"));
        assert!(problem(r#"{"seq":0,"kind":"error","score":1}"#).contains("column `score`"));
        assert!(problem(r#"{"seq":9223372036854775808,"kind":"error"}"#).contains("column `seq`"));
        assert!(problem(r#"{"seq":0,"kind":"error","ts":null}"#).contains("column `ts`"));
        assert!(problem(r#"{"seq":0,"kind":"error","content":[]}"#).contains("column `content`"));
        assert!(serde_json::from_str::<RunFacts>(r#"{"run_id":"r","workload":"w"}"#).is_err());
    }
}
