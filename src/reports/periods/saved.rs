//! Reports as somebody saved them, made whole again: a list is frozen whole and answered in pages, so its pages are put together as the
//! whole would have been. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A report that was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Where: one file, or those of its pages.
    pub files: Vec<String>,
    /// Its data part; of a list that of the whole.
    pub data: Value,
    /// False where a page of a list is missing, or is there twice.
    pub is_whole: bool,
}

/// Answers in JSON, each with the name of its file, in the order of the pages. Lists stand behind the other reports.
///
/// # Errors
///
/// The file that is no answer of a report.
pub fn whole(answers: Vec<(String, Value)>) -> Result<Vec<Saved>, String> {
    let mut found = Vec::new();
    let mut lists: BTreeMap<String, List> = BTreeMap::new();
    for (file, mut answer) in answers {
        let has_next = answer
            .pointer("/page/next")
            .is_some_and(|next| !next.is_null());
        let data = answer.get_mut("data").map(Value::take);
        let Some(Value::Object(mut data)) = data else {
            return Err(format!("{file}: has no member `data`"));
        };
        let after = take_page(&mut data);
        let rows = data
            .iter_mut()
            .find_map(|(name, value)| Some((name.clone(), value.as_array_mut()?)));
        match (after, rows) {
            (Some(after), Some((table, rows))) => {
                let rows = std::mem::take(rows);
                // All but its rows is the same in each page of a list.
                let key = Value::Object(data.clone()).to_string();
                let list = lists.entry(key).or_insert_with(|| List::of(table, data));
                list.add(file, &after, rows, has_next);
            }
            _ => found.push(Saved {
                files: vec![file],
                data: Value::Object(data),
                is_whole: true,
            }),
        }
    }
    found.extend(lists.into_values().map(List::whole));
    Ok(found)
}

/// Takes out of a question what makes it that of a page, if it is: where the page begins.
fn take_page(data: &mut Map<String, Value>) -> Option<Value> {
    let question = data.get_mut("question")?.as_object_mut()?;
    question.get("limit")?;
    let after = question.remove("after")?;
    question.remove("limit");
    Some(after)
}

struct List {
    table: String,
    data: Map<String, Value>,
    files: Vec<String>,
    rows: Vec<Value>,
    firsts: usize,
    lasts: usize,
}

impl List {
    fn of(table: String, data: Map<String, Value>) -> Self {
        Self {
            table,
            data,
            files: Vec::new(),
            rows: Vec::new(),
            firsts: 0,
            lasts: 0,
        }
    }

    fn add(&mut self, file: String, after: &Value, rows: Vec<Value>, has_next: bool) {
        self.firsts += usize::from(after.is_null());
        self.lasts += usize::from(!has_next);
        self.files.push(file);
        self.rows.extend(rows);
    }

    fn whole(mut self) -> Saved {
        self.data.insert(self.table, Value::Array(self.rows));
        Saved {
            files: self.files,
            data: Value::Object(self.data),
            is_whole: (self.firsts, self.lasts) == (1, 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::whole;

    fn page(after: &Value, rows: &[i32], next: &Value) -> (String, Value) {
        let data = json!({"report": "register", "definition": 1, "members": rows,
            "question": {"as_of": "2026-06-30", "limit": 2, "after": after}});
        (
            format!("{rows:?}"),
            json!({"data": data, "page": {"next": next}}),
        )
    }

    #[test]
    fn the_pages_of_a_list_are_the_whole_list() {
        let (first, second) = (
            page(&Value::Null, &[1, 2], &json!("x")),
            page(&json!({"id": 2}), &[3], &Value::Null),
        );
        let figures = (
            "standing".to_owned(),
            json!({"data": {"report": "standing", "question": {"as_of": "2026-06-30"}, "figures": [1]}}),
        );
        let found = whole(vec![first.clone(), figures, second.clone()]).unwrap();
        assert_eq!(found[0].files, ["standing"]);
        assert_eq!(
            found[1].data,
            json!({"report": "register", "definition": 1, "members": [1, 2, 3], "question": {"as_of": "2026-06-30"}})
        );
        assert!(found.iter().all(|one| one.is_whole));
        assert!(!whole(vec![first]).unwrap()[0].is_whole);
        assert!(!whole(vec![second]).unwrap()[0].is_whole);
        assert!(whole(vec![("x".to_owned(), json!({"page": 1}))]).is_err());
    }
}
