/**
 * One suite of tests that every way of running the kernels passes: each {@link
 * org.swapdistill.kernels.conformance.KernelBackend} is called through the generated bindings of the C ABI, with
 * guarded buffers, and compared with {@link org.swapdistill.kernels.reference}.
 */
package org.swapdistill.kernels.conformance;
