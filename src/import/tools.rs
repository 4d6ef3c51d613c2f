//! What a tool does, by the names that agents give their tools.

use crate::trace::ToolKind;

/// Tools by what they do: Claude Code, Codex CLI, Gemini CLI, OpenHands, SWE-agent, Inspect, Kimi, opencode, terminus.
const NAMES: &[(ToolKind, &[&str])] = &[
    (
        ToolKind::Shell,
        &[
            "bash",
            "bash_command",
            "bash_output",
            "bashoutput",
            "container_exec",
            "exec",
            "exec_command",
            "execute",
            "execute_bash",
            "killbash",
            "kill_shell",
            "killshell",
            "local_shell",
            "local_shell_call",
            "mark_bash",
            "powershell",
            "python",
            "run",
            "run_command",
            "run_ipython",
            "execute_ipython_cell",
            "run_shell_command",
            "run_terminal_cmd",
            "shell",
            "shell_command",
            "terminal",
            "unified_exec",
            "write_stdin",
            "bash_session",
            "keystrokes",
            "command_execution",
        ],
    ),
    (
        ToolKind::Edit,
        &[
            "apply_patch",
            "create",
            "create_file",
            "delete_file",
            "edit",
            "edit_file",
            "editor",
            "file_change",
            "file_editor",
            "insert",
            "multiedit",
            "multi_edit",
            "notebookedit",
            "notebookread",
            "open",
            "patch",
            "read",
            "readfile",
            "read_file",
            "read_many_files",
            "replace",
            "str_replace",
            "str_replace_based_edit_tool",
            "str_replace_editor",
            "strreplacefile",
            "text_editor",
            "view",
            "view_image",
            "write",
            "writefile",
            "write_file",
            "goto",
            "scroll_up",
            "scroll_down",
            "undo_edit",
        ],
    ),
    (
        ToolKind::Search,
        &[
            "browser",
            "fetch",
            "fetchurl",
            "fetch_url",
            "file_search",
            "find_file",
            "glob",
            "google_web_search",
            "grep",
            "grep_files",
            "grep_search",
            "list",
            "list_dir",
            "list_directory",
            "list_files",
            "ls",
            "search",
            "search_dir",
            "search_file",
            "search_file_content",
            "search_files",
            "searchweb",
            "tool_search",
            "toolsearch",
            "web_fetch",
            "web_search",
            "web_search_call",
            "web_browser",
            "webfetch",
            "websearch",
            "codesearch",
        ],
    ),
    (
        ToolKind::Plan,
        &[
            "enter_plan_mode",
            "enterplanmode",
            "exit_plan_mode",
            "exitplanmode",
            "plan",
            "save_memory",
            "settodolist",
            "task_tracker",
            "taskcreate",
            "tasklist",
            "taskupdate",
            "think",
            "todo",
            "todoread",
            "todowrite",
            "todo_list",
            "update_plan",
            "write_todos",
        ],
    ),
    (
        ToolKind::Finish,
        &[
            "attempt_completion",
            "complete_task",
            "finish",
            "mark_task_complete",
            "submit",
            "task_complete",
            "done",
        ],
    ),
];

/// What a tool does. Names are compared without case; of a qualified name (`mcp__files__read`, `functions.shell`) the
/// last part counts.
pub(super) fn tool_kind(name: &str) -> ToolKind {
    let name = name.to_ascii_lowercase();
    let last = name.rsplit(['.', '/', ':']).next().unwrap_or(&name);
    let last = last.rsplit("__").next().unwrap_or(last).replace('-', "_");
    let found = NAMES.iter().find(|(_, names)| names.contains(&last.as_str()));
    found.map_or(ToolKind::Other, |(kind, _)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_many_agents() {
        for (name, kind) in [
            ("Bash", ToolKind::Shell),
            ("exec_command", ToolKind::Shell),
            ("functions.shell", ToolKind::Shell),
            ("shell_command", ToolKind::Shell),
            ("grep_files", ToolKind::Search),
            ("mcp__files__read-file", ToolKind::Edit),
            ("TodoWrite", ToolKind::Plan),
            ("WebSearch", ToolKind::Search),
            ("submit", ToolKind::Finish),
            ("Task", ToolKind::Other),
            ("", ToolKind::Other),
        ] {
            assert_eq!(tool_kind(name), kind, "{name}");
        }
    }

    #[test]
    fn no_name_is_in_two_lists() {
        let mut names: Vec<&str> =
            NAMES.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
