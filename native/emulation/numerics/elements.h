/*
 * Elements of tensors as the libraries of the emulation read and write them: f32, f16 and bf16 in memory, f32 in
 * computations, and f32 cut to TF32, as tensor cores take it.
 */
#ifndef SWAPDISTILL_EMULATION_NUMERICS_ELEMENTS_H
#define SWAPDISTILL_EMULATION_NUMERICS_ELEMENTS_H

#include <cstdint>
#include <vector>

namespace emulation::numerics {

enum class Type { F32, F16, BF16 };

/* Element index of an array of the type, exact. */
float load(Type type, const void *data, int64_t index);

/* Rounded to the nearest value of the type, ties to even. */
void store(Type type, void *data, int64_t index, float value);

/* count elements, one after the other. */
std::vector<float> load_all(Type type, const void *data, int64_t count);

/* data = alpha * values + beta * data for values.size() elements, computed in f32 and rounded once. With beta 0 the
 * data is not read: it may be uninitialised. */
void store_all(Type type, void *data, const std::vector<float> &values, float alpha, float beta);

/* One element of the above. */
void store_scaled(Type type, void *data, int64_t index, float value, float alpha, float beta);

/* The nearest value with 10 explicit bits of mantissa, ties away from zero, as the PTX instruction cvt.rna.tf32.f32
 * rounds. Infinities and NaNs stay. */
float round_to_tf32(float value);
void round_to_tf32(std::vector<float> &values);

} // namespace emulation::numerics

#endif
