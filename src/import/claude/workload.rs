//! What an interactive session works on: the folder it was started in.

/// The last part of a path of any system.
pub(in super::super) fn last_part(path: &str) -> Option<&str> {
    path.rsplit(['/', '\\']).find(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_any_system_end_in_a_folder() {
        assert_eq!(last_part("/home/a/project/"), Some("project"));
        assert_eq!(last_part("C:\\work\\project"), Some("project"));
        assert_eq!(last_part("/"), None);
    }
}
