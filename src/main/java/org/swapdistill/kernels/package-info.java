/**
 * The library's operations: patch swap, pair assembly, distillation loss and SGD update, on the CPU or on a CUDA
 * stream, on {@link org.swapdistill.tensor.Tensor tensors} or on JavaCPP {@link org.bytedeco.javacpp.Pointer pointers}
 * of whatever framework holds the data.
 *
 * <p>An operation is built once and is immutable: any number of threads may use it at the same time. A call allocates
 * nothing and copies nothing. Arguments are checked before anything native is touched:
 * <ul>
 * <li>{@link java.lang.NullPointerException}: a required argument is null; the message names it;
 * <li>{@link java.lang.IllegalArgumentException}: an argument is out of range, of the wrong type, shape or device, too
 *     small, misaligned or overlapping; the message names it, its value and what was expected;
 * <li>{@link java.lang.IllegalStateException}: a tensor, its memory, the stream's pointer or any other pointer that was
 *     set earlier is closed. So is closing a tensor while a call on the CPU uses it, from whatever thread;
 * <li>{@link org.swapdistill.kernels.KernelException}: the native library, the instruction set or CUDA is not there, the
 *     calling thread has too little stack left, or CUDA refused a launch.
 * </ul>
 *
 * <p>A call on the CPU has finished when it returns. A call on CUDA is queued on the execution's stream: keep the memory
 * open until the stream has been synchronised. Operations on pointers trust that they point to memory of the
 * execution's device, and that it stays until the call has ended; where a pointer has a limit, it is checked.
 */
package org.swapdistill.kernels;
