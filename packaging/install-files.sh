#!/bin/sh
# Put sigtrace where a host looks for it, or take it away: install-files.sh install|uninstall DOCS.
# PREFIX (default /usr/local) and DESTDIR, as GNU's coding standards have them. The package goes to a folder of its
# own: "tracer" is a name that others have, too.
set -eu
what=${1:?usage: install-files.sh install|uninstall DOCS}
prefix=${PREFIX:-/usr/local}
root=${DESTDIR:-}$prefix
here=$(dirname "$0")
python=${PYTHON:-/usr/bin/python3}

program=$root/bin/sigtrace
library=$root/lib/sigtrace
man=$root/share/man
pages="sigtrace.1 sigtrace-recording.5 sigtrace-record.8"
examples=$root/share/doc/sigtrace/examples
bash=$root/share/bash-completion/completions/sigtrace
zsh=$root/share/zsh/vendor-completions/_sigtrace
fish=$root/share/fish/vendor_completions.d/sigtrace.fish

if [ "$what" = uninstall ]; then
    rm -f "$program" "$bash" "$zsh" "$fish"
    for page in $pages; do rm -f "$man/man${page##*.}/$page"; done
    rm -rf "$library" "$examples"
    # Folders that are empty now: nobody else has put anything there.
    for folder in doc/sigtrace doc man/man1 man/man5 man/man8 bash-completion/completions bash-completion \
        zsh/vendor-completions zsh fish/vendor_completions.d fish; do
        rmdir "$root/share/$folder" 2> /dev/null || :
    done
    exit 0
fi
docs=${2:?where write_docs.py has written}
rm -rf "$library"
# git knows which files are the package's; a tree that came without it has no others.
(cd "$here/.." && find tracer/ -name '*.py' -o -name '*.o' -o -name '*.loader' -o -name py.typed -o -name '*.sql') |
    while read -r file; do install -D -m 0644 "$here/../$file" "$library/$file"; done
(cd "$here/../bpf" && find sigtrace.bcc.c sigtrace.h bcc-headers -type f) |
    while read -r file; do install -D -m 0644 "$here/../bpf/$file" "$library/tracer/bpf/$file"; done
commit=$("$here/commit.sh")
[ -z "$commit" ] || { echo "$commit" > "$library/tracer/commit" && chmod 0644 "$library/tracer/commit"; }
[ -n "${DESTDIR:-}" ] || "$python" -m compileall -q "$library"
install -d "$root/bin"
"$python" "$here/write_launcher.py" "$program" "$prefix/lib/sigtrace" "$python"
for page in $pages; do install -D -m 0644 "$docs/$page" "$man/man${page##*.}/$page"; done
for file in "$here"/examples/*; do install -D -m 0644 "$file" "$examples/${file##*/}"; done
install -D -m 0644 "$docs/sigtrace.bash" "$bash"
install -D -m 0644 "$docs/_sigtrace" "$zsh"
install -D -m 0644 "$docs/sigtrace.fish" "$fish"
call=$program
[ "$(command -v sigtrace)" != "$program" ] || call=sigtrace
[ -n "${DESTDIR:-}" ] || echo "  now: sudo $call --signal 9"
