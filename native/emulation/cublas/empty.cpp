/* The stand-in for libcublasLt has no functions: the project does not call them. */
