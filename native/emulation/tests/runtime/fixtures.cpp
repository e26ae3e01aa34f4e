#include "emulation/tests/runtime/fixtures.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tests {

void PinnedMemory::fill(float value) {
    for (std::size_t i = 0; i < COUNT; i++) {
        data[i] = value;
    }
}

float first_value(const DeviceMemory &memory) {
    float value = 0;
    succeed(cudaDeviceSynchronize());
    succeed(cudaMemcpy(&value, memory.data, sizeof value, cudaMemcpyDeviceToHost));
    return value;
}

void expect_value(float value, float expected) {
    expect(value == expected, "the value is " + std::to_string(value) + "; expected " + std::to_string(expected));
}

Ended in_child(const std::function<void()> &body) {
    int ends[2];
    expect(pipe(ends) == 0, "no pipe");
    std::fflush(stdout);
    const pid_t child = fork();
    expect(child >= 0, "no process");
    if (child == 0) {
        const rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        body();
        std::exit(0);
    }
    close(ends[1]);
    Ended ended{0, ""};
    char part[256];
    for (ssize_t length; (length = read(ends[0], part, sizeof part)) > 0;) {
        ended.output.append(part, static_cast<std::size_t>(length));
    }
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ended.status = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    return ended;
}

namespace {

void expect_words(const Ended &ended, const std::string &words) {
    expect(ended.output.find(words) != std::string::npos,
           "the process printed '" + ended.output + "'; expected the words '" + words + "'");
}

} // namespace

void expect_aborted(const Ended &ended, const std::string &words) {
    expect(ended.status == -SIGABRT, "the process ended with " + std::to_string(ended.status) + " and printed '" +
                                         ended.output + "'; expected it to be aborted");
    expect_words(ended, words);
}

void expect_exited(const Ended &ended, const std::string &words) {
    expect(ended.status == 0, "the process ended with " + std::to_string(ended.status) + "; expected 0");
    expect_words(ended, words);
}

} // namespace tests
