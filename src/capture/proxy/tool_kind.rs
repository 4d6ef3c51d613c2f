//! What a tool does, told from the name that agents give it.
//!
//! Names as Claude Code, Codex CLI, OpenHands, Gemini CLI, Kimi CLI, mini-swe-agent, Cline, opencode and their kin use them,
//! compared without case and separators. A name that is not listed says nothing.

use crate::trace::ToolKind;

const KINDS: &[(ToolKind, &[&str])] = &[
    (
        ToolKind::Shell,
        &[
            "bash",
            "sh",
            "zsh",
            "shell",
            "exec",
            "execute",
            "terminal",
            "cmd",
            "command",
            "powershell",
            "localshell",
            "runcommand",
            "runshellcommand",
            "runshell",
            "runterminalcmd",
            "runterminalcommand",
            "runinterminal",
            "executecommand",
            "executebash",
            "execcommand",
            "execbash",
            "containerexec",
            "unifiedexec",
            "shellcommand",
            "writestdin",
            "bashoutput",
            "killshell",
            "killbash",
            "developershell",
            "runbash",
            "python",
            "ipython",
            "executeipython",
            "codeexecution",
            "bashcodeexecution",
            "codeinterpreter",
        ],
    ),
    (
        ToolKind::Edit,
        &[
            "edit",
            "multiedit",
            "write",
            "read",
            "view",
            "create",
            "notebookedit",
            "notebookread",
            "readfile",
            "readfiles",
            "readmanyfiles",
            "writefile",
            "writetofile",
            "editfile",
            "createfile",
            "deletefile",
            "fileeditor",
            "strreplaceeditor",
            "strreplacebasededittool",
            "strreplace",
            "strreplacefile",
            "replace",
            "replaceinfile",
            "insert",
            "applypatch",
            "applydiff",
            "patch",
            "texteditor",
            "viewimage",
            "fsread",
            "fswrite",
            "searchreplace",
            "texteditorcodeexecution",
        ],
    ),
    (
        ToolKind::Search,
        &[
            "grep",
            "glob",
            "search",
            "find",
            "ls",
            "rg",
            "listdir",
            "listdirectory",
            "listfiles",
            "searchfiles",
            "searchfilecontent",
            "greptext",
            "grepsearch",
            "codebasesearch",
            "filesearch",
            "websearch",
            "webfetch",
            "fetch",
            "googlewebsearch",
            "fetchurl",
            "searchweb",
            "grepfiles",
            "findfiles",
            "browser",
            "toolsearch",
        ],
    ),
    (
        ToolKind::Plan,
        &[
            "think",
            "plan",
            "todowrite",
            "todoread",
            "todo",
            "todos",
            "writetodos",
            "settodolist",
            "tasktracker",
            "updateplan",
            "exitplanmode",
            "enterplanmode",
            "sequentialthinking",
            "savememory",
            "memory",
            "taskcreate",
            "taskupdate",
            "tasklist",
            "updatetodolist",
        ],
    ),
    (
        ToolKind::Finish,
        &[
            "finish",
            "submit",
            "done",
            "complete",
            "attemptcompletion",
            "completetask",
            "taskcomplete",
            "taskdone",
            "finalanswer",
        ],
    ),
];

/// The kind of a tool. Of a name with name spaces (`mcp__files__read_file`, `functions.shell`) the last part counts too.
pub(in crate::capture) fn tool_kind(name: &str) -> ToolKind {
    let name = name.rsplit("__").next().unwrap_or(name);
    let plain = |name: &str| -> String {
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    let (whole, last) = (plain(name), plain(name.rsplit(['.', '/', ':']).next().unwrap_or(name)));
    let found =
        KINDS.iter().find(|(_, names)| names.iter().any(|known| *known == whole || *known == last));
    found.map_or(ToolKind::Other, |(kind, _)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_many_agents_tell_what_they_do() {
        for (name, kind) in [
            ("bash", ToolKind::Shell),
            ("Bash", ToolKind::Shell),
            ("exec_command", ToolKind::Shell),
            ("container.exec", ToolKind::Shell),
            ("run_shell_command", ToolKind::Shell),
            ("functions.shell", ToolKind::Shell),
            ("execute_bash", ToolKind::Shell),
            ("str_replace_based_edit_tool", ToolKind::Edit),
            ("mcp__files__read_file", ToolKind::Edit),
            ("apply_patch", ToolKind::Edit),
            ("Grep", ToolKind::Search),
            ("google_web_search", ToolKind::Search),
            ("TodoWrite", ToolKind::Plan),
            ("update_plan", ToolKind::Plan),
            ("attempt_completion", ToolKind::Finish),
            ("get_weather", ToolKind::Other),
            ("", ToolKind::Other),
        ] {
            assert_eq!(tool_kind(name), kind, "{name}");
        }
    }

    #[test]
    fn no_name_has_two_kinds() {
        let mut names: Vec<&str> = KINDS.iter().flat_map(|(_, names)| *names).copied().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
