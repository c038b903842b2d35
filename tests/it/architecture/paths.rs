//! Paths that a source text names, `use` trees unfolded.

/// The paths below our own crate, written with `crate::`, `open_terminal::` or `super::`, with their lines.
///
/// `module` is the module that the text is.
pub(super) fn of(code: &str, module: &[String]) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for start in ["crate::", "open_terminal::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let before = &code[..at];
            if before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let line = before.matches('\n').count() + 1;
            let (base, rest) = based(&code[at..], module);
            let mut paths = Vec::new();
            match rest.strip_prefix('{') {
                Some(group) => unfold_group(group, &base, &mut paths),
                None => unfold(rest, &base, &mut paths),
            };
            found.extend(
                paths
                    .into_iter()
                    .filter(|path| !path.is_empty())
                    .map(|path| (line, path)),
            );
        }
    }
    found
}

/// Where a path starts from, and what follows that.
fn based<'a>(text: &'a str, module: &[String]) -> (Vec<String>, &'a str) {
    let mut base = module.to_vec();
    let mut rest = text;
    while let Some(after) = rest.strip_prefix("super::") {
        base.pop();
        rest = after;
    }
    let from_the_top = ["crate::", "open_terminal::"]
        .iter()
        .find_map(|start| text.strip_prefix(start));
    from_the_top.map_or((base, rest), |rest| (Vec::new(), rest))
}

/// Adds the paths of a `use` tree or an expression; gives what follows it.
fn unfold<'a>(text: &'a str, base: &[String], paths: &mut Vec<Vec<String>>) -> &'a str {
    let mut path = base.to_vec();
    let mut rest = text.trim_start();
    loop {
        let length = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at(length);
        if !name.is_empty() && name != "self" {
            path.push(name.to_owned());
        }
        match after.strip_prefix("::") {
            Some(group) if group.starts_with('{') => {
                return unfold_group(&group[1..], &path, paths);
            }
            Some(next) => rest = next,
            None => {
                paths.push(path);
                return after;
            }
        }
    }
}

fn unfold_group<'a>(text: &'a str, path: &[String], paths: &mut Vec<Vec<String>>) -> &'a str {
    let mut rest = text.trim_start();
    while !rest.is_empty() && !rest.starts_with('}') {
        rest = unfold(rest, path, paths);
        // Over ` as name` and `*`, to the comma or the end of the group.
        let end = rest.find([',', '}']).unwrap_or(rest.len());
        rest = rest[end..].trim_start_matches(',').trim_start();
    }
    rest.strip_prefix('}').unwrap_or(rest)
}

#[test]
fn trees_are_unfolded() {
    let code = "use std::x;\nuse crate::{a::{B, c::D as E}, f, g::*};\nlet x = crate::h::I::new(super::super::k::L);";
    let module = ["exec", "log", "file"].map(str::to_owned);
    let mut paths: Vec<String> = of(code, &module)
        .into_iter()
        .map(|(line, path)| format!("{line} {}", path.join("::")))
        .collect();
    paths.sort();
    assert_eq!(
        paths,
        [
            "2 a::B",
            "2 a::c::D",
            "2 f",
            "2 g",
            "3 exec::k::L",
            "3 h::I::new"
        ]
    );
}
