# Compiles the library. BUILD_PATH is where JavaCPP has unpacked what the POM names as buildResource: header and library.
set -eu
mkdir -p target/native
g++ -std=c++17 -O2 -fPIC -shared -I"$BUILD_PATH/include" -o target/native/libbatches.so src/main/cpp/batches.cpp \
    -L"$BUILD_PATH" -lswapdistill -Wl,--no-undefined
