# Tests of the driver, read by grade.sh: minic runs shell scripts that stand for the passes.

fakes=$work/fakes
mkdir -p "$fakes"

# Makes the program NAME of a shell script on standard input.
fake() {
    { echo '#!/bin/sh'; cat; } >"$fakes/$1"
    chmod +x "$fakes/$1"
}

for name in lexer parser irgen optimizer codegen; do
    echo "sed 's/\$/ $name/'" | fake "$name"
done

# Runs minic on the text `begin`, and notes its exit code.
minic() {
    echo begin >"$work/in"
    run minic in out "$@"
    code=$?
}

# Whether minic ended with a code and wrote a text.
wrote() {
    [ "$code" -eq "$1" ] && [ "$(cat "$work/out")" = "$2" ]
}

minic --version
wrote 0 'minic 1.0'
count version $?

minic --passes
wrote 0 'lexer
parser
irgen
optimizer
codegen'
count passes $?

minic run "$fakes"
wrote 0 'begin lexer parser irgen optimizer codegen'
count all_passes $?

minic run "$fakes" lexer
wrote 0 'begin lexer'
count first_pass $?

minic run "$fakes" irgen
wrote 0 'begin lexer parser irgen'
count up_to_a_pass $?

minic run "$fakes" linker
wrote 2 '' && grep -q '^usage: ' "$work/errors"
count unknown_pass $?

minic
wrote 2 '' && grep -q '^usage: ' "$work/errors"
count no_arguments $?

# A text that no pipe holds, through passes that write while they read, and one that reads nothing.
awk 'BEGIN { for (i = 0; i < 60000; i++) print "line", i }' >"$work/long"
run minic long out run "$fakes" parser
[ $? -eq 0 ] && sed 's/$/ lexer parser/' "$work/long" | cmp -s - "$work/out"
count long_text $?

echo 'echo nothing read' | fake lexer
run minic long out run "$fakes" lexer
code=$?
wrote 0 'nothing read'
count unread_text $?

fake parser <<'END'
cat
echo 'error: line 1: broken' >&2
exit 1
END
echo "cat; touch '$work/ran'" | fake irgen
minic run "$fakes"
wrote 1 '' && grep -q '^minic: pass parser failed$' "$work/errors" && [ ! -e "$work/ran" ]
count failed_pass $?
