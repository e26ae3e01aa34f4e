#include "emulation/cudnn/registry.h"

#include <cstring>
#include <mutex>
#include <unordered_map>

#include "emulation/runtime/emulation.h"

namespace emulation::cudnn {

namespace {

struct Entry {
    std::unique_ptr<Object> object;
    bool destroyed = false;
};

/* Never destroyed itself: other libraries' clean-up at exit may still use handles and descriptors. */
struct Registry {
    std::mutex mutex;
    std::unordered_map<const void *, Entry> entries;
};

Registry &registry() {
    static Registry *instance = new Registry();
    return *instance;
}

Entry &entry_of(const void *address, const char *name, const char *kind) {
    require_parameter(address != nullptr, name, " is NULL; expected a ", kind);
    const auto found = registry().entries.find(address);
    if (found == registry().entries.end()) {
        fault(text(name, " is ", address, ", which is no ", kind, " of this library"));
    }
    Entry &entry = found->second;
    if (std::strcmp(entry.object->kind(), kind) != 0) {
        fault(text(name, " is ", address, "; expected a ", kind, ", found an object of another kind: ",
                   entry.object->kind()));
    }
    if (entry.destroyed) {
        fault(text(name, " is ", address, ", a ", kind, " that was destroyed"));
    }
    return entry;
}

} // namespace

void *add_object(std::unique_ptr<Object> object) {
    Registry &all = registry();
    const std::lock_guard<std::mutex> lock(all.mutex);
    Object *address = object.get();
    object_created(text("cuDNN ", address->kind()).c_str(), address);
    all.entries[address].object = std::move(object);
    return address;
}

Object &find_object(const void *address, const char *name, const char *kind) {
    const std::lock_guard<std::mutex> lock(registry().mutex);
    return *entry_of(address, name, kind).object;
}

void remove_object(const void *address, const char *name, const char *kind) {
    const std::lock_guard<std::mutex> lock(registry().mutex);
    entry_of(address, name, kind).destroyed = true;
    object_destroyed(address);
}

} // namespace emulation::cudnn
