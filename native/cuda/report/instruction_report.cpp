/*
 * Writes how many instructions of each kind the loops of the CUDA kernels have per element, as a Markdown page, counted
 * in the PTX that the compiler made.
 *
 *     instruction_report PAGE PTX...
 *
 * A loop is a natural loop of the control flow graph. Counted are ways through its own blocks, from its beginning back
 * to it, that move the most bytes of global memory, then of shared memory, in the fewest accesses; so whole packets are
 * counted and not their remainders. Of these, the way with the fewest instructions and the one with the most: which
 * options of the call ask for lies between them.
 */
#include "cuda/report/kernel_name.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

namespace {

[[noreturn]] void stop(const std::string &message) {
    std::cerr << "instruction_report: " << message << std::endl;
    std::exit(1);
}

enum Kind { GLOBAL, SHARED, FLOATING, INTEGER, SPECIAL, CONVERSION, CONTROL, KINDS };

struct Counts {
    std::array<int, KINDS> of{};
    int global_read = 0; /* bytes */
    int global_written = 0;
    int shared_read = 0;
    int shared_written = 0;

    void add(const Counts &other) {
        for (int kind = 0; kind < KINDS; ++kind) {
            of[kind] += other.of[kind];
        }
        global_read += other.global_read;
        global_written += other.global_written;
        shared_read += other.shared_read;
        shared_written += other.shared_written;
    }

    int instructions() const {
        int sum = 0;
        for (int count : of) {
            sum += count;
        }
        return sum;
    }

    int bytes() const { return global_read + global_written + shared_read + shared_written; }

    /* The way through a loop that is counted has the most of this. */
    std::tuple<int, int, int, int> rank(bool most_instructions) const {
        return {global_read + global_written, shared_read + shared_written, -(of[GLOBAL] + of[SHARED]),
                most_instructions ? instructions() : -instructions()};
    }
};

struct Block {
    Counts counts;
    std::vector<int> next;
};

struct Kernel {
    std::string name;
    std::vector<Block> blocks;
};

std::vector<std::string> parts_of(const std::string &opcode) {
    std::vector<std::string> parts;
    std::istringstream in(opcode);
    for (std::string part; std::getline(in, part, '.');) {
        parts.push_back(part);
    }
    return parts;
}

bool has(const std::vector<std::string> &parts, const char *part) {
    return std::find(parts.begin(), parts.end(), part) != parts.end();
}

bool is_floating(const std::string &type) {
    return type == "f32" || type == "f64" || type == "f16" || type == "bf16" || type == "f16x2" || type == "bf16x2";
}

/* Bytes that a load or store moves: the size of its type, times the length of its vector. */
int bytes_of(const std::vector<std::string> &parts) {
    const int bits = std::stoi(parts.back().substr(1));
    return bits / 8 * (has(parts, "v2") ? 2 : has(parts, "v4") ? 4 : 1);
}

void count_instruction(const std::string &opcode, const std::string &kernel, Counts &counts) {
    const std::vector<std::string> parts = parts_of(opcode);
    const std::string &name = parts[0];
    static const std::set<std::string> moves = {"mov", "cvta", "pragma"};
    static const std::set<std::string> special = {"ex2", "lg2", "rcp", "rsqrt", "sqrt", "sin", "cos", "tanh", "div"};
    static const std::set<std::string> control = {"bra",  "bar",   "barrier", "shfl", "vote",   "match",
                                                  "redux", "ret",  "exit",    "membar", "fence", "activemask"};
    if (moves.count(name) != 0) {
        return;
    }
    if (name == "ld" || name == "st" || name == "atom" || name == "red") {
        if (has(parts, "param")) {
            return;
        }
        const bool global = has(parts, "global");
        if (has(parts, "local")) {
            stop(kernel + " has " + opcode + "; expected no local memory");
        }
        counts.of[has(parts, "shared") ? SHARED : GLOBAL] += 1;
        if (!global && !has(parts, "shared")) {
            return; /* a random position, which may be among the parameters */
        }
        int &moved = global ? (name == "ld" ? counts.global_read : counts.global_written)
                            : (name == "ld" ? counts.shared_read : counts.shared_written);
        moved += bytes_of(parts);
        return;
    }
    if (name == "call") {
        stop(kernel + " calls a function that was not inlined");
    }
    const bool floating = std::any_of(parts.begin(), parts.end(), is_floating);
    const Kind kind = special.count(name) != 0 && floating ? SPECIAL
                      : control.count(name) != 0             ? CONTROL
                      : !floating                            ? INTEGER
                      : name == "cvt"                        ? CONVERSION
                                                             : FLOATING;
    counts.of[kind] += 1;
}

/* A kernel's blocks, cut at labels and branches. */
class KernelReader {
  public:
    explicit KernelReader(const std::string &name) : kernel_{name, {}} { open(); }

    void label(const std::string &name) {
        if (!fresh_) {
            const int before = current_;
            const bool falls_through = !ended_;
            open();
            if (falls_through) {
                kernel_.blocks[before].next.push_back(current_);
            }
        }
        labels_[name] = current_;
    }

    void instruction(bool predicated, const std::string &opcode, const std::string &operands) {
        fresh_ = false;
        if (ended_) {
            open(); /* nothing leads here but a label, which would have opened it */
        }
        count_instruction(opcode, kernel_.name, kernel_.blocks[current_].counts);
        const std::string name = parts_of(opcode)[0];
        if (name == "brx") {
            stop(kernel_.name + " has an indexed branch");
        }
        if (name == "bra") {
            branches_.emplace_back(current_, operands);
        }
        if (name == "bra" || name == "ret" || name == "exit") {
            const int before = current_;
            if (predicated) {
                open();
                kernel_.blocks[before].next.push_back(current_);
            } else {
                ended_ = true;
            }
        }
    }

    Kernel finish() {
        for (const auto &branch : branches_) {
            const auto target = labels_.find(branch.second);
            if (target == labels_.end()) {
                stop(kernel_.name + " branches to " + branch.second + ", which it does not have");
            }
            kernel_.blocks[branch.first].next.push_back(target->second);
        }
        return kernel_;
    }

  private:
    void open() {
        kernel_.blocks.emplace_back();
        current_ = static_cast<int>(kernel_.blocks.size()) - 1;
        ended_ = false;
        fresh_ = true;
    }

    Kernel kernel_;
    std::map<std::string, int> labels_;
    std::vector<std::pair<int, std::string>> branches_;
    int current_ = 0;
    bool ended_ = false;
    bool fresh_ = true;
};

std::vector<Kernel> read_ptx(const char *path, std::string &target) {
    std::ifstream in(path);
    if (!in) {
        stop(std::string("cannot read ") + path);
    }
    const std::regex entry("\\.entry\\s+([A-Za-z0-9_$]+)");
    const std::regex machine("^\\.target\\s+(sm_[0-9a-z]+)");
    const std::regex label("^\\s*(\\$?[A-Za-z_$][A-Za-z0-9_$]*):\\s*$");
    const std::regex instruction("^\\s*(@!?%p[0-9]+\\s+)?([a-z][a-z0-9_.:]*)(?:\\s+([^;]*))?;");
    std::vector<Kernel> kernels;
    std::string name;
    std::unique_ptr<KernelReader> reader;
    std::smatch match;
    for (std::string line; std::getline(in, line);) {
        line = line.substr(0, line.find("//"));
        if (std::regex_search(line, match, machine)) {
            target = match[1];
        } else if (std::regex_search(line, match, entry)) {
            name = readable_kernel_name(match[1]);
        } else if (!name.empty() && line == "{") {
            reader = std::make_unique<KernelReader>(name);
        } else if (reader != nullptr && line == "}") {
            kernels.push_back(reader->finish());
            reader.reset();
            name.clear();
        } else if (reader != nullptr && std::regex_search(line, match, label)) {
            reader->label(match[1]);
        } else if (reader != nullptr && std::regex_search(line, match, instruction)) {
            reader->instruction(match[1].matched, match[2], match[3]);
        }
    }
    return kernels;
}

struct Loop {
    int header = 0;
    std::set<int> blocks;
    std::vector<int> latches;
};

/* For every block, whether each other one lies on every way to it. */
using Dominators = std::vector<std::vector<bool>>;

Dominators dominators(const std::vector<Block> &blocks) {
    const std::size_t count = blocks.size();
    std::vector<std::vector<int>> before(count);
    for (std::size_t block = 0; block < count; ++block) {
        for (int next : blocks[block].next) {
            before[next].push_back(static_cast<int>(block));
        }
    }
    Dominators dominated(count, std::vector<bool>(count, true));
    dominated[0].assign(count, false);
    dominated[0][0] = true;
    for (bool changed = true; changed;) {
        changed = false;
        for (std::size_t block = 1; block < count; ++block) {
            std::vector<bool> all(count, true);
            for (int from : before[block]) {
                for (std::size_t i = 0; i < count; ++i) {
                    all[i] = all[i] && dominated[from][i];
                }
            }
            all[block] = true;
            if (all != dominated[block]) {
                dominated[block] = all;
                changed = true;
            }
        }
    }
    return dominated;
}

std::vector<Loop> loops_of(const std::vector<Block> &blocks, const Dominators &dominated) {
    std::map<int, Loop> loops;
    for (std::size_t block = 0; block < blocks.size(); ++block) {
        for (int header : blocks[block].next) {
            if (!dominated[block][header]) {
                continue;
            }
            Loop &loop = loops[header];
            loop.header = header;
            loop.latches.push_back(static_cast<int>(block));
            loop.blocks.insert(header);
            /* Everything from which the latch is reached without the header. */
            std::vector<int> open = {static_cast<int>(block)};
            while (!open.empty()) {
                const int at = open.back();
                open.pop_back();
                if (!loop.blocks.insert(at).second) {
                    continue;
                }
                for (std::size_t from = 0; from < blocks.size(); ++from) {
                    const std::vector<int> &next = blocks[from].next;
                    if (std::find(next.begin(), next.end(), at) != next.end()) {
                        open.push_back(static_cast<int>(from));
                    }
                }
            }
        }
    }
    std::vector<Loop> found;
    for (const auto &loop : loops) {
        found.push_back(loop.second);
    }
    return found;
}

/* The way from the loop's header to a latch that is counted; blocks of inner loops count nothing. */
class LoopWay {
  public:
    LoopWay(const std::vector<Block> &blocks, const Dominators &dominated, const Loop &loop,
            const std::vector<Loop> &loops, bool most_instructions)
        : blocks_(blocks), dominated_(dominated), loop_(loop), most_instructions_(most_instructions) {
        for (const Loop &other : loops) {
            if (other.header != loop.header && loop.blocks.count(other.header) != 0) {
                inner_.insert(other.blocks.begin(), other.blocks.end());
            }
        }
    }

    Counts count() { return *best_from(loop_.header); }

  private:
    /* Null where no latch is reached. */
    const Counts *best_from(int block) {
        const auto known = best_.find(block);
        if (known != best_.end()) {
            return known->second.get();
        }
        std::unique_ptr<Counts> best;
        if (std::find(loop_.latches.begin(), loop_.latches.end(), block) != loop_.latches.end()) {
            best = std::make_unique<Counts>();
        }
        for (int next : blocks_[block].next) {
            /* Not outside, and not back. */
            if (loop_.blocks.count(next) == 0 || dominated_[block][next]) {
                continue;
            }
            const Counts *rest = best_from(next);
            if (rest != nullptr &&
                (best == nullptr || rest->rank(most_instructions_) > best->rank(most_instructions_))) {
                best = std::make_unique<Counts>(*rest);
            }
        }
        if (best != nullptr && inner_.count(block) == 0) {
            best->add(blocks_[block].counts);
        }
        return (best_[block] = std::move(best)).get();
    }

    const std::vector<Block> &blocks_;
    const Dominators &dominated_;
    const Loop &loop_;
    const bool most_instructions_;
    std::set<int> inner_;
    std::map<int, std::unique_ptr<Counts>> best_;
};

/* Bytes of the elements that a kernel reads; of its first template argument where that is a type. */
int element_bytes(const std::string &name) {
    static const std::map<std::string, int> sizes = {{"float", 4}, {"__half", 2},         {"__nv_bfloat16", 2},
                                                     {"uint4", 16}, {"uint2", 8},          {"unsigned int", 4},
                                                     {"long", 8},   {"unsigned short", 2}, {"unsigned char", 1},
                                                     {"int", 4}};
    std::smatch match;
    if (name.rfind("sgd_update_kernel", 0) == 0) {
        return 12; /* value, gradient and momentum */
    }
    if (name.rfind("patch_positions_kernel", 0) == 0) {
        return 1;
    }
    if (name.rfind("sum_loss_kernel", 0) == 0) {
        return 8; /* partial sums */
    }
    if (std::regex_search(name, match, std::regex("<([a-z_A-Z0-9 ]+?)[,>]"))) {
        const auto size = sizes.find(match[1]);
        if (size != sizes.end()) {
            return size->second;
        }
    }
    stop("the size of the elements of " + name + " is not known");
}

/* Elements of one iteration: the logits of both sides where the threads of a loss hold them in registers, else
 * those that the loop moves through global memory, or through shared memory where a loss computes there; 0 for other loops. */
double elements_of(const std::string &name, const Counts &fewest, const Counts &most) {
    const int size = element_bytes(name);
    std::smatch match;
    if (fewest.global_read + fewest.global_written == 0) {
        static const std::regex in_shared_memory("^distillation_loss_(tiles|chunks)_kernel");
        const bool computes = std::regex_search(name, in_shared_memory) && most.of[SPECIAL] > 0;
        return computes ? static_cast<double>(fewest.shared_read) / size : 0.0;
    }
    if (most.of[SPECIAL] > 0 && std::regex_search(name, match, std::regex("rows_kernel<.*, ([0-9]+)u>"))) {
        return 2.0 * std::stoi(match[1]) * 16 / size;
    }
    if (most.of[SPECIAL] > 0 && std::regex_search(name, match, std::regex("strided_kernel<.*, ([1-9][0-9]*)>"))) {
        return 2.0 * std::stoi(match[1]);
    }
    return static_cast<double>(std::max(fewest.global_read, fewest.global_written)) / size;
}

std::string row(const std::string &name, const Counts &fewest, const Counts &most, double elements) {
    std::ostringstream out;
    out << "| `" << name << "` | " << fewest.global_read << " + " << fewest.global_written << " | "
        << fewest.shared_read << " + " << fewest.shared_written << " | " << elements << " |" << std::fixed
        << std::setprecision(2);
    for (int kind = 0; kind < KINDS; ++kind) {
        const int low = std::min(fewest.of[kind], most.of[kind]);
        const int high = std::max(fewest.of[kind], most.of[kind]);
        out << " " << low / elements;
        if (high != low) {
            out << " to " << high / elements;
        }
        out << " |";
    }
    out << "\n";
    return out.str();
}

bool has_inner(const Loop &loop, const std::vector<Loop> &loops) {
    return std::any_of(loops.begin(), loops.end(), [&](const Loop &other) {
        return other.header != loop.header && loop.blocks.count(other.header) != 0;
    });
}

/* The loops that move elements or compute with them, each row once. */
std::string rows_of(const Kernel &kernel) {
    static const std::regex in_registers("rows_kernel<|strided_kernel<.*, [1-9][0-9]*>");
    const Dominators dominated = dominators(kernel.blocks);
    const std::vector<Loop> loops = loops_of(kernel.blocks, dominated);
    std::string rows;
    for (const Loop &loop : loops) {
        if (has_inner(loop, loops) && !std::regex_search(kernel.name, in_registers)) {
            continue;
        }
        const Counts fewest = LoopWay(kernel.blocks, dominated, loop, loops, false).count();
        const Counts most = LoopWay(kernel.blocks, dominated, loop, loops, true).count();
        const double elements = elements_of(kernel.name, fewest, most);
        /* Flags of positions are smaller than the elements. */
        if (elements < 1.0) {
            continue;
        }
        const std::string text = row(kernel.name, fewest, most, elements);
        if (rows.find(text) == std::string::npos) {
            rows += text;
        }
    }
    return rows;
}

std::string page(const std::map<std::string, std::string> &rows, const std::string &target) {
    std::string text =
        "# Instructions of the CUDA kernels\n\n"
        "Written by the build of the CUDA kernels (`native/cuda/report`) from the PTX for " + target + " that nvcc " +
        CUDA_VERSION_TEXT + " made: the\ninstructions of each loop per element, by kind. Beside it stand the "
        "[traffic](traffic.md) and the\n[registers](kernel-resources.md). **Bounds, not measurements:** PTX is what the "
        "assembler starts from, and\nmoves, parameters and address conversions, which it mostly removes, are not counted; "
        "one expression such as a\nprecise division can become several instructions. No GPU has run this.\n\n"
        "A row is one loop. Counted are the ways through it that move the most bytes in the fewest accesses, from the one "
        "with\nthe fewest instructions to the one with the most: options such as temperature, label smoothing or the kind "
        "of divergence\ndecide what lies between. Bytes are per thread and iteration, read + written. Elements are those "
        "that an iteration moves:\ngranules of both images for `patch_swap`, elements of one output or staged bytes over "
        "the size of the output's type for\n`assemble_pairs`, logits of both sides for the loss, parameters for "
        "`sgd_update`. Loops over partial sums and random\nnumbers, whose share is small, are left out.\n\n"
        "| kernel | global bytes | shared bytes | elements | global | shared | floating point | integer and logic | "
        "special function | conversion | control |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
    for (const auto &kernel : rows) {
        text += kernel.second;
    }
    return text;
}

} // namespace

int main(int count, char **arguments) {
    if (count < 3) {
        stop("expected the page to write and at least one file of PTX");
    }
    std::map<std::string, std::string> rows;
    std::string target;
    for (int i = 2; i < count; ++i) {
        for (const Kernel &kernel : read_ptx(arguments[i], target)) {
            rows[kernel.name] = rows_of(kernel);
        }
    }
    if (rows.empty()) {
        stop("the PTX has no kernel");
    }
    std::ofstream out(arguments[1]);
    out << page(rows, target);
    out.close();
    if (!out) {
        stop(std::string("cannot write ") + arguments[1]);
    }
    return 0;
}
