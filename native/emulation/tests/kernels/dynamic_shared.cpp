/* The memory that `extern __shared__ int dynamic_shared[]` stands for. */
thread_local int dynamic_shared[64 * 1024];
