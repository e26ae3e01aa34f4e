#!/bin/sh
# Compiler launcher of the CUDA kernels: runs the compiler with `ptxas -v`, and keeps what it says of every kernel in
# OBJECT.ptxas, followed by the kernels' launch bounds as the PTX has them, and keeps the PTX for compute_90 (or
# whatever there is) as OBJECT.ptx. kernel_report and instruction_report read these files.
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
rm -rf "$kept" "$object.ptxas" "$object.ptx"
mkdir -p "$kept"
"$@" -Xptxas=-v --keep --keep-dir "$kept" 2> "$kept/log"
status=$?
grep -E '^ptxas info|bytes stack frame' "$kept/log" > "$kept/kernels"
grep -vE '^ptxas info|bytes stack frame' "$kept/log" >&2
if [ $status -eq 0 ]; then
    for candidate in "$kept"/*.ptx "$kept"/*.compute_90.ptx; do
        if [ -e "$candidate" ]; then ptx=$candidate; fi
    done
    # The bounds are the same for all architectures.
    grep -hoE '^(\.visible )?\.entry [A-Za-z0-9_$]+|^\.maxntid [0-9]+' "$ptx" >> "$kept/kernels"
    mv "$ptx" "$object.ptx"
    mv "$kept/kernels" "$object.ptxas"
fi
rm -rf "$kept"
exit $status
