#!/bin/sh
# Grades a stage of the workspace in the current folder: sh grade.sh T0|T1|T2|T3|T4|T5
#
# Writes {"score", "tests_passed", "tests_total"} to $RAMPTRACE_SCORE_FILE (without it: score.json) and to standard output, and a
# line for each test to standard error.
# A program that does not compile means no tests, 0 of 0; one that is not there fails them all. Cases and machines are those
# beside this script, never those of the workspace; programs are built outside of it, in $RAMPTRACE_SCRATCH, where they are
# kept by content.
set -u
LC_ALL=C
export LC_ALL

stage=${1:-}
case $stage in
T0) passes= ;;
T1) passes='lexer' ;;
T2) passes='lexer parser' ;;
T3) passes='lexer parser irgen' ;;
T4) passes='lexer parser irgen optimizer' ;;
T5) passes='lexer parser irgen optimizer codegen' ;;
*)
    echo "usage: sh grade.sh T0|T1|T2|T3|T4|T5, in the workspace" >&2
    exit 2
    ;;
esac

grade=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 2
machines=$grade/../workspace/tools
workspace=$PWD
score=${RAMPTRACE_SCORE_FILE:-$PWD/score.json}
# Whatever was left here is no score.
rm -rf "$score"

if [ -n "${RAMPTRACE_SCRATCH:-}" ]; then
    scratch=$RAMPTRACE_SCRATCH
    work=$scratch/grade.$$
else
    scratch=$(mktemp -d) || exit 2
    work=$scratch/grade
fi
mkdir -p "$scratch/bin" "$work" || exit 2
scratch=$(CDPATH='' cd -- "$scratch" && pwd) || exit 2
work=$(CDPATH='' cd -- "$work" && pwd) || exit 2
if [ -n "${RAMPTRACE_SCRATCH:-}" ]; then
    trap 'rm -rf "$work"' EXIT
else
    trap 'rm -rf "$scratch"' EXIT
fi
trap 'exit 130' INT TERM

passed=0
total=0

# Says the score and ends.
finish() {
    points=$(awk -v p="$passed" -v t="$total" 'BEGIN { printf "%.4g", t ? 100 * p / t : 0 }')
    printf '{"score": %s, "tests_passed": %d, "tests_total": %d}\n' "$points" "$passed" "$total" |
        tee "$score"
    exit 0
}

# Runs a command for at most so many seconds.
if command -v timeout >/dev/null 2>&1; then
    limited() {
        timeout -k 1 "$@"
    }
else
    limited() {
        seconds=$1
        shift
        # A command in the background has no standard input but by another number.
        { "$@" <&3 3<&- & } 3<&0
        child=$!
        (
            while [ "$seconds" -gt 0 ] && kill -0 "$child"; do
                sleep 1
                seconds=$((seconds - 1))
            done
            kill -9 "$child"
        ) </dev/null >/dev/null 2>&1 &
        watcher=$!
        wait "$child" 2>/dev/null
        code=$?
        kill "$watcher" 2>/dev/null
        return "$code"
    }
fi

if command -v sha256sum >/dev/null 2>&1; then
    digest() { sha256sum <"$1" | cut -d ' ' -f 1; }
else
    digest() { cksum <"$1" | tr ' ' -; }
fi

# Builds the program NAME of a source file; ends with no tests when that fails. A program that nobody has written fails every
# test that needs it.
build() {
    if [ ! -f "$2" ]; then
        echo "FAILED $stage: there is no src/$1.rs" >&2
        printf '#!/bin/sh\nexit 127\n' >"$work/missing"
        chmod +x "$work/missing"
        eval "tool_$1=\$work/missing"
        return
    fi
    tool=$scratch/bin/$1-$(digest "$2")
    if [ ! -x "$tool" ]; then
        cp -- "$2" "$work/$1.rs"
        # Outside the workspace, so that nothing in it has a say.
        if ! (cd "$work" && limited 120 rustc --edition 2021 --crate-name "$1" -A warnings \
            -C opt-level=0 -C debuginfo=0 -o "$tool.$$" "$1.rs" </dev/null >&2); then
            echo "FAILED $stage: src/$1.rs does not compile" >&2
            total=0 passed=0
            finish
        fi
        mv -- "$tool.$$" "$tool"
    fi
    eval "tool_$1=\$tool"
}

# Runs a built program from one file of the work folder to another; its errors are in the file `errors`.
run() {
    eval "program=\$tool_$1"
    from=$2
    to=$3
    shift 3
    (
        cd "$work" || exit 2
        ulimit -f 16384
        ulimit -v 1000000 2>/dev/null
        ulimit -t 3
        limited 30 "$program" "$@" <"$from" >"$to" 2>errors
    ) 2>/dev/null
}

# Runs the passes up to the one named, from `source` to `out`. Where one fails it is in $failed, with its exit code in $code.
chain() {
    cp "$work/source" "$work/out"
    for pass in lexer parser irgen optimizer codegen; do
        mv "$work/out" "$work/in"
        run "$pass" in out
        code=$?
        if [ "$code" -ne 0 ]; then
            failed=$pass
            return 1
        fi
        if [ "$pass" = "$1" ]; then
            return 0
        fi
    done
}

# Whether a file of the work folder is as it should be.
same() {
    cmp -s "$work/$1" "$work/$2"
}

# Whether the passes up to NAME fail in NAME, with an error that has a line matching the pattern.
refused() {
    failed=
    ! chain "$1" && [ "$failed" = "$1" ] && [ "$code" -eq 1 ] && grep -E -q "$2" "$work/errors"
}

# Whether a machine that has just ended with the exit code given did what the case wants, with its output in `printed`.
ended_well() {
    same printed output || return 1
    if [ -f "$work/run-error" ]; then
        [ "$1" -eq 1 ] && grep -F -q "$(cat "$work/run-error")" "$work/errors"
    else
        [ "$1" -eq 0 ]
    fi
}

steps() {
    sed -n 's/^steps \([0-9][0-9]*\)$/\1/p' "$work/errors"
}

# Whether the program prints what it should before and after the optimizer, and takes few steps: at most the limit of the case, or
# at most 70 of 100.
optimises() {
    chain irgen || return 1
    run irvm out printed --steps
    ended_well $? || return 1
    before=$(steps)
    cp "$work/out" "$work/in"
    run optimizer in out || return 1
    run irvm out printed --steps
    ended_well $? || return 1
    if [ -f "$work/steps" ]; then
        after=$(steps)
        [ "$after" -le "$(cat "$work/steps")" ] || [ $((after * 100)) -le $((before * 70)) ]
    fi
}

machine() {
    chain "$1" || return 1
    run "$2" out printed
    ended_well $?
}

# Whether the case in the work folder is passed.
passes_case() {
    case $stage in
    T1)
        if [ -f "$work/tokens-error" ]; then
            refused lexer "^$(cat "$work/tokens-error")"
        else
            chain lexer && same out tokens
        fi
        ;;
    T2)
        if [ -f "$work/tree-error" ]; then
            refused parser "^$(cat "$work/tree-error")"
        else
            chain parser && same out tree
        fi
        ;;
    T3)
        if [ -f "$work/ir-error" ]; then
            refused irgen "^error:(.*[^A-Za-z0-9_])?$(cat "$work/ir-error")([^A-Za-z0-9_]|\$)"
        else
            machine irgen irvm
        fi
        ;;
    T4) optimises ;;
    T5) machine codegen vm ;;
    esac
}

# Counts a test: its name and whether it was passed.
count() {
    total=$((total + 1))
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
        echo "passed $stage $1" >&2
    else
        echo "FAILED $stage $1" >&2
    fi
}

if [ "$stage" = T0 ]; then
    build minic "$workspace/src/minic.rs"
    . "$grade/driver.sh"
    finish
fi

for name in $passes; do
    build "$name" "$workspace/src/$name.rs"
done
case $stage in
T3 | T4) build irvm "$machines/irvm.rs" ;;
T5) build vm "$machines/vm.rs" ;;
esac
for case in "$grade"/cases/*.case; do
    # Each section of the case becomes a file of its name.
    (
        cd "$work" || exit 2
        rm -f stages source tokens tokens-error tree tree-error ir-error output run-error steps
        awk '/^=== / { file = $2; printf "" > file; next } { print > file }' "$case"
    )
    case $(cat "$work/stages") in
    *$stage*)
        passes_case
        count "$(basename "$case" .case)" $?
        ;;
    esac
done
finish
