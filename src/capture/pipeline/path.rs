//! Paths that stay where they belong: below the pipeline's folder, or below a workspace.

use std::path::{Component, Path, PathBuf};

/// A path below some folder; `None` for one that is absolute, empty or climbs out.
pub(super) fn inner(text: &str) -> Option<PathBuf> {
    let mut kept = PathBuf::new();
    for part in Path::new(text).components() {
        match part {
            Component::Normal(name) => kept.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!kept.as_os_str().is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_its_folder() {
        assert_eq!(inner("./src//lexer.rs"), Some(PathBuf::from("src/lexer.rs")));
        for bad in ["", ".", "/etc/passwd", "../x", "a/../../x"] {
            assert_eq!(inner(bad), None, "{bad}");
        }
    }
}
