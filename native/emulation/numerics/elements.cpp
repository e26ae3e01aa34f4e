#include "emulation/numerics/elements.h"

#include "common/float16.h"

namespace emulation::numerics {

float load(Type type, const void *data, int64_t index) {
    switch (type) {
        case Type::F32: return static_cast<const float *>(data)[index];
        case Type::F16: return sd::f16_to_f32(static_cast<const uint16_t *>(data)[index]);
        case Type::BF16: return sd::bf16_to_f32(static_cast<const uint16_t *>(data)[index]);
    }
    return 0;
}

void store(Type type, void *data, int64_t index, float value) {
    switch (type) {
        case Type::F32: static_cast<float *>(data)[index] = value; break;
        case Type::F16: static_cast<uint16_t *>(data)[index] = sd::f32_to_f16(value); break;
        case Type::BF16: static_cast<uint16_t *>(data)[index] = sd::f32_to_bf16(value); break;
    }
}

std::vector<float> load_all(Type type, const void *data, int64_t count) {
    if (type == Type::F32) {
        const float *values = static_cast<const float *>(data);
        return std::vector<float>(values, values + count);
    }
    std::vector<float> values(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; i++) {
        values[i] = load(type, data, i);
    }
    return values;
}

void store_scaled(Type type, void *data, int64_t index, float value, float alpha, float beta) {
    const float scaled = alpha * value;
    store(type, data, index, beta == 0 ? scaled : scaled + beta * load(type, data, index));
}

void store_all(Type type, void *data, const std::vector<float> &values, float alpha, float beta) {
    const int64_t count = static_cast<int64_t>(values.size());
    for (int64_t i = 0; i < count; i++) {
        store_scaled(type, data, i, values[i], alpha, beta);
    }
}

float round_to_tf32(float value) {
    const uint32_t bits = sd::float_bits(value);
    if ((bits & 0x7F800000u) == 0x7F800000u) {
        return value;
    }
    return sd::float_from_bits((bits + 0x1000u) & 0xFFFFE000u);
}

void round_to_tf32(std::vector<float> &values) {
    for (float &value : values) {
        value = round_to_tf32(value);
    }
}

} // namespace emulation::numerics
