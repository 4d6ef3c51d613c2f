//! A Python that can run the notebooks, when there is one, and notebooks without what changes from run to run.

use crate::workspace::Workspace;
use serde_json::{Map, Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// Says which packages are not there as pinned, and draws one figure, so that the list of fonts exists.
const PROBE: &str = "
import importlib.metadata as m, sys
lines = [l.split('#')[0].strip() for l in open(sys.argv[1])]
wrong = []
for name, _, version in (l.partition('==') for l in lines if l):
    try:
        found = m.version(name)
    except m.PackageNotFoundError:
        found = None
    if found != version:
        wrong.append(f'{name} {version}' + (f' (found {found})' if found else ''))
sys.exit(', '.join(wrong[:4]) + (' and more' if len(wrong) > 4 else '')) if wrong else None
import matplotlib
matplotlib.use('agg')
import matplotlib.pyplot as plt
plt.figure().text(0, 0, 'a')
plt.savefig(sys.argv[2])
";

pub(super) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("notebooks")
}

pub(super) fn path(name: &str) -> PathBuf {
    folder().join(format!("{name}.ipynb"))
}

pub(super) fn text_of(name: &str) -> String {
    std::fs::read_to_string(path(name)).expect("a notebook")
}

pub(super) fn committed(name: &str) -> Value {
    serde_json::from_str(&text_of(name)).expect("JSON")
}

/// A Python that can run the notebooks, and a folder for what Jupyter and matplotlib keep.
pub(super) struct Python {
    program: PathBuf,
    home: PathBuf,
}

static PYTHON: LazyLock<Result<Python, String>> = LazyLock::new(|| {
    let named = std::env::var_os("RAMPTRACE_PYTHON").filter(|program| !program.is_empty());
    let program = named.unwrap_or_else(|| "python3".into());
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("notebooks");
    let python = Python { program: program.into(), home };
    let name = python.program.display().to_string();
    let probe = python
        .command()
        .args(["-c", PROBE])
        .arg(folder().join("requirements.txt"))
        .arg(python.home.join("probe.png"))
        .output()
        .map_err(|e| format!("cannot run {name}: {e}"))?;
    if probe.status.success() {
        Ok(python)
    } else {
        let said = String::from_utf8_lossy(&probe.stderr);
        Err(format!("{name} lacks {}", said.trim()))
    }
});

impl Python {
    /// Python without the settings of whoever runs the tests.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        for name in ["MPLBACKEND", "MATPLOTLIBRC", "PYTHONPATH", "PYTHONSTARTUP", "RAMPTRACE_STORE"]
        {
            command.env_remove(name);
        }
        for name in [
            "IPYTHONDIR",
            "JUPYTER_CONFIG_DIR",
            "JUPYTER_DATA_DIR",
            "JUPYTER_RUNTIME_DIR",
            "MPLCONFIGDIR",
        ] {
            let own = self.home.join(name);
            std::fs::create_dir_all(&own).expect("a folder");
            command.env(name, own);
        }
        command.env("JUPYTER_PREFER_ENV_PATH", "1");
        command
    }

    /// A notebook, run from its beginning to its end.
    pub(super) fn execute(&self, name: &str, store: Option<&Path>) -> Value {
        let out = Workspace::new();
        let mut command = self.command();
        command.args([
            "-m",
            "nbconvert",
            "--to",
            "notebook",
            "--execute",
            "--ExecutePreprocessor.timeout=600",
        ]);
        command.arg("--output-dir").arg(out.path("")).arg(path(name));
        if let Some(store) = store {
            command.env("RAMPTRACE_STORE", store);
        }
        let ran = command.output().expect("nbconvert");
        assert!(
            ran.status.success(),
            "{name}.ipynb fails: {}",
            String::from_utf8_lossy(&ran.stderr)
        );
        let text = std::fs::read_to_string(out.path(&format!("{name}.ipynb")))
            .expect("an executed notebook");
        stripped(&serde_json::from_str(&text).expect("JSON"))
    }
}

/// The Python, or a word about the skipped test; straight to stderr, since a passing test shows nothing that it prints.
pub(super) fn python_or_skip() -> Option<&'static Python> {
    match &*PYTHON {
        Ok(python) => Some(python),
        Err(reason) => {
            let _ = writeln!(std::io::stderr(), "skipped: the notebooks were not run: {reason}");
            None
        }
    }
}

/// A notebook as it is committed: nothing that changes from run to run, keys in order.
pub(super) fn stripped(notebook: &Value) -> Value {
    let mut notebook = notebook.clone();
    notebook["metadata"] = json!({
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    });
    for cell in notebook["cells"].as_array_mut().into_iter().flatten() {
        if let Some(metadata) = cell["metadata"].as_object_mut() {
            metadata.retain(|name, _| ["jupyter", "tags"].contains(&name.as_str()));
        }
        if cell["cell_type"] == "code" {
            cell["execution_count"] = Value::Null;
        }
        for output in cell.get_mut("outputs").and_then(Value::as_array_mut).into_iter().flatten() {
            for name in ["execution_count", "metadata"] {
                if let Some(value) = output.get_mut(name) {
                    *value = if name == "metadata" { json!({}) } else { Value::Null };
                }
            }
        }
    }
    ordered(notebook)
}

fn ordered(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(ordered).collect(),
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().map(|(k, v)| (k, ordered(v))).collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// Written as nbformat writes it.
pub(super) fn written(notebook: &Value) -> String {
    let mut bytes = Vec::new();
    let format = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, format);
    serde::Serialize::serialize(notebook, &mut writer).expect("JSON");
    String::from_utf8(bytes).expect("UTF-8") + "\n"
}
