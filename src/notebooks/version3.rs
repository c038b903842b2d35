//! Format 3 of notebooks, from before 2015: made format 4.

use serde_json::{Map, Value, json};

/// Names of media types in format 3.
const MEDIA: [(&str, &str); 9] = [
    ("text", "text/plain"),
    ("html", "text/html"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpeg", "image/jpeg"),
    ("pdf", "application/pdf"),
    ("latex", "text/latex"),
    ("json", "application/json"),
    ("javascript", "application/javascript"),
];
/// The deepest heading of Markdown.
const DEEPEST: u64 = 6;

/// The notebook of format 3 in `text` as one of format 4.
pub(super) fn upgrade(text: &str) -> Result<String, String> {
    let old: Value =
        serde_json::from_str(text).map_err(|error| format!("it is not JSON ({error})"))?;
    let Value::Object(mut top) = old else {
        return Err("it is no object".to_owned());
    };
    let Some(Value::Array(sheets)) = top.remove("worksheets") else {
        return Err("it has no list of \"worksheets\", as nbformat 3 has".to_owned());
    };
    let cells = sheets
        .into_iter()
        .filter_map(|mut sheet| match sheet.get_mut("cells")?.take() {
            Value::Array(cells) => Some(cells),
            _ => None,
        });
    let cells = cells.flatten().map(cell).collect::<Result<Vec<_>, _>>()?;
    let mut metadata = match top.remove("metadata") {
        Some(Value::Object(metadata)) => metadata,
        _ => Map::new(),
    };
    metadata.remove("name");
    let mut new = Map::new();
    new.insert("cells".to_owned(), cells.into());
    new.insert("metadata".to_owned(), metadata.into());
    top.insert("nbformat".to_owned(), 4.into());
    top.insert("nbformat_minor".to_owned(), 0.into());
    new.extend(top);
    Ok(Value::Object(new).to_string())
}

fn cell(old: Value) -> Result<Value, String> {
    let Value::Object(mut cell) = old else {
        return Err("a cell is no object".to_owned());
    };
    let kind = cell
        .get("cell_type")
        .and_then(Value::as_str)
        .unwrap_or("")
        .to_owned();
    cell.entry("metadata").or_insert_with(|| json!({}));
    match kind.as_str() {
        "code" => code(&mut cell),
        "heading" => heading(&mut cell),
        "html" => {
            cell.insert("cell_type".to_owned(), "markdown".into());
        }
        _ => {}
    }
    Ok(cell.into())
}

fn code(cell: &mut Map<String, Value>) {
    rename(cell, "input", "source");
    cell.entry("source").or_insert_with(|| "".into());
    cell.remove("language");
    let count = cell.remove("prompt_number").unwrap_or(Value::Null);
    cell.insert("execution_count".to_owned(), count);
    if let (Some(collapsed), Some(Value::Object(metadata))) =
        (cell.remove("collapsed"), cell.get_mut("metadata"))
    {
        metadata.insert("collapsed".to_owned(), collapsed);
    }
    match cell.get_mut("outputs") {
        Some(Value::Array(outputs)) => outputs.iter_mut().for_each(output),
        _ => {
            cell.insert("outputs".to_owned(), json!([]));
        }
    }
}

fn heading(cell: &mut Map<String, Value>) {
    let level = cell
        .remove("level")
        .and_then(|level| level.as_u64())
        .unwrap_or(1)
        .clamp(1, DEEPEST);
    let source = match cell.get("source") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    };
    let marks = (0..level).map(|_| '#').collect::<String>();
    let line = source.lines().collect::<Vec<_>>().join(" ");
    cell.insert("cell_type".to_owned(), "markdown".into());
    cell.insert("source".to_owned(), format!("{marks} {line}").into());
}

fn output(output: &mut Value) {
    let Some(output) = output.as_object_mut() else {
        return;
    };
    let kind = output
        .get("output_type")
        .and_then(Value::as_str)
        .unwrap_or("")
        .to_owned();
    match kind.as_str() {
        "pyerr" => {
            output.insert("output_type".to_owned(), "error".into());
        }
        "stream" => {
            rename(output, "stream", "name");
            output.entry("name").or_insert_with(|| "stdout".into());
        }
        "pyout" => {
            output.insert("output_type".to_owned(), "execute_result".into());
            let count = output.remove("prompt_number").unwrap_or(Value::Null);
            media(output);
            output.insert("execution_count".to_owned(), count);
        }
        "display_data" => media(output),
        _ => {}
    }
}

/// Moves the media, which format 3 has beside everything else, to `data`.
fn media(output: &mut Map<String, Value>) {
    let mut data = Map::new();
    for (old, new) in MEDIA {
        if let Some(value) = output.remove(old) {
            data.insert(new.to_owned(), value);
        }
    }
    output.insert("data".to_owned(), data.into());
    output.entry("metadata").or_insert_with(|| json!({}));
}

fn rename(members: &mut Map<String, Value>, old: &str, new: &str) {
    if let Some(value) = members.remove(old) {
        members.insert(new.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds_of_cells_and_outputs_are_upgraded() {
        let old = json!({"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "x", "own": 1}, "worksheets": [
            {"cells": [
                {"cell_type": "heading", "level": 2, "source": ["a\n", "b"], "metadata": {}},
                {"cell_type": "html", "source": "<b>", "metadata": {}},
                {"cell_type": "code", "input": ["1\n", "2"], "language": "python", "collapsed": false, "prompt_number": 4, "metadata": {}, "outputs": [
                    {"output_type": "pyout", "prompt_number": 4, "text": ["2"], "png": "iV"},
                    {"output_type": "stream", "stream": "stderr", "text": "e"},
                    {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": []},
                ]},
            ], "metadata": {}},
            {"cells": [{"cell_type": "markdown", "source": "second sheet"}]},
            {},
        ]});
        let new: Value = serde_json::from_str(&upgrade(&old.to_string()).unwrap()).unwrap();
        assert_eq!(
            new,
            json!({"cells": [
                {"cell_type": "markdown", "source": "## a b", "metadata": {}},
                {"cell_type": "markdown", "source": "<b>", "metadata": {}},
                {"cell_type": "code", "source": ["1\n", "2"], "metadata": {"collapsed": false}, "execution_count": 4, "outputs": [
                    {"output_type": "execute_result", "execution_count": 4, "metadata": {}, "data": {"text/plain": ["2"], "image/png": "iV"}},
                    {"output_type": "stream", "name": "stderr", "text": "e"},
                    {"output_type": "error", "ename": "E", "evalue": "v", "traceback": []},
                ]},
                {"cell_type": "markdown", "source": "second sheet", "metadata": {}},
            ], "metadata": {"own": 1}, "nbformat": 4, "nbformat_minor": 0})
        );
    }
}
