#!/bin/sh
# Compiler launcher of the CUDA kernels: runs the compiler with `ptxas -v`, and keeps what it says of every kernel in
# OBJECT.ptxas, followed by the kernels' launch bounds as the PTX has them. kernel_report reads these files.
object=
previous=
for argument in "$@"; do
    if [ "$previous" = -o ]; then object=$argument; fi
    previous=$argument
done
# CMake also launches the compiler for other ends than an object.
case $object in
*.o) ;;
*) exec "$@" ;;
esac

kept=$object.kept
rm -rf "$kept" "$object.ptxas"
mkdir -p "$kept"
"$@" -Xptxas=-v --keep --keep-dir "$kept" 2> "$kept/log"
status=$?
grep -E '^ptxas info|bytes stack frame' "$kept/log" > "$kept/kernels"
grep -vE '^ptxas info|bytes stack frame' "$kept/log" >&2
if [ $status -eq 0 ]; then
    # The bounds are the same for all architectures: those of the first PTX serve.
    for ptx in "$kept"/*.ptx; do
        grep -hoE '^(\.visible )?\.entry [A-Za-z0-9_$]+|^\.maxntid [0-9]+' "$ptx" >> "$kept/kernels"
        break
    done
    mv "$kept/kernels" "$object.ptxas"
fi
rm -rf "$kept"
exit $status
