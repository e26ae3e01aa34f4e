/*
 * The part of the CUDA runtime interface that the emulation has: types, values and signatures as NVIDIA documents them
 * in the CUDA Runtime API reference (CUDA 13), so that a caller built against the real headers, such as the JavaCPP
 * presets, finds the same binary interface. Written from the documentation; the emulation is built without a CUDA
 * toolkit.
 */
#ifndef SWAPDISTILL_EMULATION_RUNTIME_API_H
#define SWAPDISTILL_EMULATION_RUNTIME_API_H

#include <cstddef>

#define CUDART_VERSION 13010
#define EMULATION_EXPORT __attribute__((visibility("default")))

extern "C" {

enum cudaError : int {
    cudaSuccess = 0,
    cudaErrorInvalidValue = 1,
    cudaErrorMemoryAllocation = 2,
    cudaErrorInvalidConfiguration = 9,
    cudaErrorInvalidMemcpyDirection = 21,
    cudaErrorInsufficientDriver = 35,
    cudaErrorInvalidDeviceFunction = 98,
    cudaErrorNoDevice = 100,
    cudaErrorInvalidDevice = 101,
    cudaErrorNoKernelImageForDevice = 209,
    cudaErrorInvalidResourceHandle = 400,
    cudaErrorNotReady = 600,
    cudaErrorIllegalAddress = 700,
    cudaErrorLaunchOutOfResources = 701,
    cudaErrorMisalignedAddress = 716,
    cudaErrorLaunchFailure = 719,
    cudaErrorStreamCaptureUnsupported = 900,
    cudaErrorStreamCaptureInvalidated = 901,
    cudaErrorStreamCaptureUnmatched = 903,
    cudaErrorStreamCaptureIsolation = 905,
    cudaErrorStreamCaptureImplicit = 906,
    cudaErrorStreamCaptureWrongThread = 908
};
typedef enum cudaError cudaError_t;

enum cudaMemcpyKind : int {
    cudaMemcpyHostToHost = 0,
    cudaMemcpyHostToDevice = 1,
    cudaMemcpyDeviceToHost = 2,
    cudaMemcpyDeviceToDevice = 3,
    cudaMemcpyDefault = 4
};

enum cudaDeviceAttr : int {
    cudaDevAttrMaxThreadsPerBlock = 1,
    cudaDevAttrMaxSharedMemoryPerBlock = 8,
    cudaDevAttrWarpSize = 10,
    cudaDevAttrMaxRegistersPerBlock = 12,
    cudaDevAttrMultiProcessorCount = 16,
    cudaDevAttrMaxThreadsPerMultiProcessor = 39,
    cudaDevAttrComputeCapabilityMajor = 75,
    cudaDevAttrComputeCapabilityMinor = 76,
    cudaDevAttrMaxSharedMemoryPerMultiprocessor = 81,
    cudaDevAttrMaxSharedMemoryPerBlockOptin = 97
};

enum cudaStreamCaptureMode : int {
    cudaStreamCaptureModeGlobal = 0,
    cudaStreamCaptureModeThreadLocal = 1,
    cudaStreamCaptureModeRelaxed = 2
};

enum cudaStreamCaptureStatus : int {
    cudaStreamCaptureStatusNone = 0,
    cudaStreamCaptureStatusActive = 1,
    cudaStreamCaptureStatusInvalidated = 2
};

enum cudaMemoryType : int { cudaMemoryTypeUnregistered = 0, cudaMemoryTypeHost = 1, cudaMemoryTypeDevice = 2 };

/* What cudaPointerGetAttributes answers. */
struct cudaPointerAttributes {
    enum cudaMemoryType type;
    int device;
    void *devicePointer;
    void *hostPointer;
    long reserved[8];
};

#define cudaStreamDefault 0x00
#define cudaStreamNonBlocking 0x01
#define cudaEventDefault 0x00
#define cudaEventBlockingSync 0x01
#define cudaEventDisableTiming 0x02
#define cudaHostAllocDefault 0x00

typedef struct CUstream_st *cudaStream_t;
typedef struct CUevent_st *cudaEvent_t;
typedef struct CUgraph_st *cudaGraph_t;
typedef struct CUgraphExec_st *cudaGraphExec_t;

/* The default stream under its other name. */
#define cudaStreamLegacy ((cudaStream_t)0x1)

/* The fields that the project reads, at the places of CUDA 13. */
struct cudaDeviceProp {
    char name[256];
    char identifiers[32];
    size_t totalGlobalMem;
    size_t sharedMemPerBlock;
    int regsPerBlock;
    int warpSize;
    size_t memPitch;
    int maxThreadsPerBlock;
    int maxThreadsDim[3];
    int maxGridSize[3];
    size_t totalConstMem;
    int major;
    int minor;
    size_t alignments[2];
    int multiProcessorCount;
    char unused[1008 - 388];
};

EMULATION_EXPORT cudaError_t cudaGetDeviceCount(int *count);
EMULATION_EXPORT cudaError_t cudaSetDevice(int device);
EMULATION_EXPORT cudaError_t cudaGetDevice(int *device);
EMULATION_EXPORT cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *properties, int device);
EMULATION_EXPORT cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int device);
EMULATION_EXPORT cudaError_t cudaDeviceSynchronize(void);
EMULATION_EXPORT cudaError_t cudaDriverGetVersion(int *version);
EMULATION_EXPORT cudaError_t cudaRuntimeGetVersion(int *version);
EMULATION_EXPORT cudaError_t cudaGetLastError(void);
EMULATION_EXPORT cudaError_t cudaPeekAtLastError(void);
EMULATION_EXPORT const char *cudaGetErrorName(cudaError_t error);
EMULATION_EXPORT const char *cudaGetErrorString(cudaError_t error);

EMULATION_EXPORT cudaError_t cudaMalloc(void **pointer, size_t bytes);
EMULATION_EXPORT cudaError_t cudaFree(void *pointer);
EMULATION_EXPORT cudaError_t cudaHostAlloc(void **pointer, size_t bytes, unsigned int flags);
EMULATION_EXPORT cudaError_t cudaMallocHost(void **pointer, size_t bytes);
EMULATION_EXPORT cudaError_t cudaFreeHost(void *pointer);
EMULATION_EXPORT cudaError_t cudaMemGetInfo(size_t *free, size_t *total);
EMULATION_EXPORT cudaError_t cudaPointerGetAttributes(struct cudaPointerAttributes *attributes, const void *pointer);
EMULATION_EXPORT cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind);
EMULATION_EXPORT cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind,
                                             cudaStream_t stream);
EMULATION_EXPORT cudaError_t cudaMemset(void *pointer, int value, size_t bytes);
EMULATION_EXPORT cudaError_t cudaMemsetAsync(void *pointer, int value, size_t bytes, cudaStream_t stream);

EMULATION_EXPORT cudaError_t cudaStreamCreate(cudaStream_t *stream);
EMULATION_EXPORT cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned int flags);
EMULATION_EXPORT cudaError_t cudaStreamDestroy(cudaStream_t stream);
EMULATION_EXPORT cudaError_t cudaStreamSynchronize(cudaStream_t stream);
EMULATION_EXPORT cudaError_t cudaStreamQuery(cudaStream_t stream);
EMULATION_EXPORT cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int flags);

EMULATION_EXPORT cudaError_t cudaEventCreate(cudaEvent_t *event);
EMULATION_EXPORT cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned int flags);
EMULATION_EXPORT cudaError_t cudaEventDestroy(cudaEvent_t event);
EMULATION_EXPORT cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
EMULATION_EXPORT cudaError_t cudaEventSynchronize(cudaEvent_t event);
EMULATION_EXPORT cudaError_t cudaEventQuery(cudaEvent_t event);

EMULATION_EXPORT cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode);
EMULATION_EXPORT cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph);
EMULATION_EXPORT cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus *status);
EMULATION_EXPORT cudaError_t cudaGraphInstantiate(cudaGraphExec_t *executable, cudaGraph_t graph,
                                                  unsigned long long flags);
EMULATION_EXPORT cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream);
EMULATION_EXPORT cudaError_t cudaGraphDestroy(cudaGraph_t graph);
EMULATION_EXPORT cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable);

} // extern "C"

#endif
