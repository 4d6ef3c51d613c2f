//! What a tool does, told from the name that agents give it.
//!
//! Names as Claude Code, Codex CLI, OpenHands, Gemini CLI, Kimi CLI, SWE-agent, mini-swe-agent, Inspect, terminus, Cline,
//! opencode and their kin use them, compared without case and separators. A name that is not listed says nothing.
//! Importers and recorders must agree on them, since runs of different origin are compared.

use super::ToolKind;

#[rustfmt::skip]
const KINDS: &[(ToolKind, &[&str])] = &[
    (ToolKind::Shell, &[
        "bash", "bashcodeexecution", "bashcommand", "bashoutput", "bashsession", "cmd", "codeexecution",
        "codeinterpreter", "command", "commandexecution", "containerexec", "developershell", "exec", "execbash",
        "execcommand", "execute", "executebash", "executecommand", "executeipython", "executeipythoncell",
        "ipython", "keystrokes", "killbash", "killshell", "localshell", "localshellcall", "markbash", "powershell",
        "python", "run", "runbash", "runcommand", "runinterminal", "runipython", "runshell", "runshellcommand",
        "runterminalcmd", "runterminalcommand", "sh", "shell", "shellcommand", "terminal", "unifiedexec",
        "writestdin", "zsh",
    ]),
    (ToolKind::Edit, &[
        "applydiff", "applypatch", "create", "createfile", "deletefile", "edit", "editfile", "editor", "filechange",
        "fileeditor", "fsread", "fswrite", "goto", "insert", "multiedit", "notebookedit", "notebookread", "open",
        "patch", "read", "readfile", "readfiles", "readmanyfiles", "replace", "replaceinfile", "scrolldown",
        "scrollup", "searchreplace", "strreplace", "strreplacebasededittool", "strreplaceeditor", "strreplacefile",
        "texteditor", "texteditorcodeexecution", "undoedit", "view", "viewimage", "write", "writefile",
        "writetofile",
    ]),
    (ToolKind::Search, &[
        "browser", "codebasesearch", "codesearch", "fetch", "fetchurl", "filesearch", "find", "findfile",
        "findfiles", "glob", "googlewebsearch", "grep", "grepfiles", "grepsearch", "greptext", "list", "listdir",
        "listdirectory", "listfiles", "ls", "rg", "search", "searchdir", "searchfile", "searchfilecontent",
        "searchfiles", "searchweb", "toolsearch", "webbrowser", "webfetch", "websearch", "websearchcall",
    ]),
    (ToolKind::Plan, &[
        "enterplanmode", "exitplanmode", "memory", "plan", "savememory", "sequentialthinking", "settodolist",
        "taskcreate", "tasklist", "tasktracker", "taskupdate", "think", "todo", "todolist", "todoread", "todos",
        "todowrite", "updateplan", "updatetodolist", "writetodos",
    ]),
    (ToolKind::Finish, &[
        "attemptcompletion", "complete", "completetask", "done", "finalanswer", "finish", "marktaskcomplete",
        "submit", "taskcomplete", "taskdone",
    ]),
];

/// The kind of a tool. Of a name with name spaces (`mcp__files__read_file`, `functions.shell`) the last part counts too.
pub fn tool_kind(name: &str) -> ToolKind {
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
            ("mcp__files__read-file", ToolKind::Edit),
            ("WebSearch", ToolKind::Search),
            ("submit", ToolKind::Finish),
            ("Task", ToolKind::Other),
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
