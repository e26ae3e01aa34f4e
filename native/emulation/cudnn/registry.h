/*
 * The handles and descriptors that exist. Every argument that should be one is looked up here, so that a null pointer,
 * a pointer to something else and the use of a destroyed object are told apart; the runtime stand-in's list of live
 * objects makes the report of leaks at exit.
 */
#ifndef SWAPDISTILL_EMULATION_CUDNN_REGISTRY_H
#define SWAPDISTILL_EMULATION_CUDNN_REGISTRY_H

#include <memory>

#include "emulation/cudnn/status.h"

namespace emulation::cudnn {

/* What handles and descriptors have in common. */
struct Object {
    virtual ~Object() = default;
    /* What the documentation calls it, for instance "tensor descriptor". */
    virtual const char *kind() const = 0;
};

/* Puts a new object into the list and returns the address that the caller knows it by. */
CUDNN_EXPORT void *add_object(std::unique_ptr<Object> object);

/* The live object of an address. Refuses null, and reports what was destroyed or never created. name is the
 * argument's. */
CUDNN_EXPORT Object &find_object(const void *address, const char *name, const char *kind);

/* Ends an object's life. Its address is not given out again, so that a later use is recognised. */
CUDNN_EXPORT void remove_object(const void *address, const char *name, const char *kind);

template <typename T>
T &find(const void *address, const char *name) {
    return static_cast<T &>(find_object(address, name, T::KIND));
}

/* The body of a cudnnCreate...Descriptor function. */
template <typename T, typename P>
cudnnStatus_t create(const char *function, P *result) {
    return guard(function, [&] {
        require_parameter(result != nullptr, "the pointer for the new ", T::KIND, " is NULL");
        *result = static_cast<P>(add_object(std::make_unique<T>()));
    });
}

/* The body of a cudnnDestroy...Descriptor function. */
template <typename T>
cudnnStatus_t destroy(const char *function, const void *address) {
    return guard(function, [&] { remove_object(address, T::KIND, T::KIND); });
}

} // namespace emulation::cudnn

#endif
